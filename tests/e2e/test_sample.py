from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from independent_fold import fold
from posts_agree import album_heads, assert_posts_agree_with_the_sample
from system import SAMPLE, Inside, OneProcess, Runner, look_inside

from tg_parser.contracts.knowledge import KnowledgeBaseEntry, Manifest, TopicExport
from tg_parser.contracts.topics import TopicCard
from tg_parser.testkit.openai_server import fake_openai

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


def sample_messages() -> list[dict[str, Any]]:
    chats = json.loads(SAMPLE.read_text("utf-8"))["chats"]["list"]
    return [{**message, "chat": chat["id"]} for chat in chats for message in chat["messages"]]


def entries(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "kb_entries.ndjson").read_text("utf-8").splitlines()]


async def test_the_sample_becomes_a_knowledge_base_that_agrees_with_the_log(runner: Runner) -> None:
    outcome = await runner.run(SAMPLE)
    assert outcome.code == 0, outcome.stderr
    inside = await look_inside(runner.data)
    assert_every_message_has_one_outcome(inside)
    assert_files_match_their_manifest(runner.out)
    assert_entries_agree_with_the_log(runner.out, inside)
    assert_topics_agree_with_the_log(runner.out, inside)


def assert_every_message_has_one_outcome(inside: Inside) -> None:
    folded = fold(inside.facts)
    expected = {f"tg:{message['chat']}:post:{message['id']}" for message in sample_messages()}
    assert set(folded.messages) == expected
    assert {item for _, item in folded.outcomes} == expected
    assert {len(found) for found in folded.outcomes.values()} == {1}
    assert set(folded.completed.values()) == {1}
    assert set(folded.duplicates.values()) == {1}
    assert inside.jobs_left == 0
    assert [event.type for event in inside.workflow_events].count("tg.workflow.completed.v1") == 1


def assert_files_match_their_manifest(out: Path) -> None:
    manifest = Manifest.model_validate_json((out / "manifest.json").read_bytes())
    for artifact in manifest.files:
        content = (out / artifact.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256), artifact.name
    assert {path.name for path in out.iterdir()} == {artifact.name for artifact in manifest.files} | {"manifest.json"}


def assert_entries_agree_with_the_log(out: Path, inside: Inside) -> None:
    folded = fold(inside.facts)
    found = {entry["id"]: entry for entry in entries(out)}
    for entry in found.values():
        KnowledgeBaseEntry.model_validate(entry)
    assert list(found) == sorted(found)
    posts = {
        entry["source"]["source_ref"]: entry
        for entry in found.values()
        if entry["source"]["type"] == "telegram_message"
    }
    heads = album_heads()
    assert {message["grouped_id"] is not None for ref, message in folded.messages.items() if ref in heads} == {True}
    assert set(posts) == {heads.get(source_ref, source_ref) for source_ref in folded.documents}
    for source_ref, document in folded.documents.items():
        entry = posts[heads.get(source_ref, source_ref)]
        assert document["text_clean"] in entry["content"]
        assert entry["created_at"] == folded.messages[entry["source"]["source_ref"]]["date"]
        assert entry["metadata"]["telegram_url"].endswith(f"/{entry['source']['message_id']}")
        assert not entry["title"].startswith("Message ")
    counts = json.loads((out / "manifest.json").read_bytes())["counts"]
    albums = len(set(heads.values()))
    assert counts["posts"] == len(folded.messages) - len(heads) + albums
    assert counts["message_entries"] == len(posts)
    assert_posts_agree_with_the_sample(found, sample_messages())


def assert_topics_agree_with_the_log(out: Path, inside: Inside) -> None:
    folded = fold(inside.facts)
    cards = [TopicCard.model_validate(card) for card in json.loads((out / "topics.json").read_text("utf-8"))]
    assert {card.id for card in cards} == set(folded.topics)
    assert len({card.title for card in cards}) == len(cards) >= 5
    for card in cards:
        assert set(card.sources) <= set(folded.documents)
        assert {anchor.anchor_ref for anchor in card.anchors} <= set(card.sources)
        name = f"topic_{card.id.replace(':', '_')}.json"
        topic = TopicExport.model_validate_json((out / name).read_bytes())
        assert topic.topic_card == card
        assert {item.source_ref for item in topic.topic_bundle.items} == {
            source.source_ref for source in topic.resolved_sources
        }


async def test_a_second_run_tells_no_new_fact_asks_no_model_and_changes_no_byte(one_process: OneProcess) -> None:
    async with fake_openai() as openai:
        environment = {"TG_LLM__BASE_URL": openai.base_url, "TG_LLM__PROVIDER": "openai", "TG_LLM__MODEL": "stand-in"}
        first = await one_process.run(SAMPLE, **environment)
        assert first.code == 0, first.stderr
        asked, before = len(openai.requests), await look_inside(one_process.data)
        bytes_before = (one_process.out / "kb_entries.ndjson").read_bytes()
        second = await one_process.run(SAMPLE, **environment)
        after = await look_inside(one_process.data)
    assert second.code == 0, second.stderr
    assert asked > 100
    assert len(openai.requests) == asked
    assert [fact.seq for fact in after.facts] == [fact.seq for fact in before.facts]
    assert after.answers == before.answers
    assert (one_process.out / "kb_entries.ndjson").read_bytes() == bytes_before


async def test_another_destination_is_written_from_the_log_without_processing_again(one_process: OneProcess) -> None:
    first = await one_process.run(SAMPLE)
    before = await look_inside(one_process.data)
    written = one_process.out
    one_process.out = one_process.folder / "elsewhere"
    second = await one_process.run(SAMPLE)
    after = await look_inside(one_process.data)
    assert (first.code, second.code) == (0, 0), second.stderr
    assert after.answers == before.answers
    assert len(fold(after.facts).messages) == len(fold(before.facts).messages)
    assert second.summary["processed"] == 0
    assert (one_process.out / "kb_entries.ndjson").read_bytes() == (written / "kb_entries.ndjson").read_bytes()


async def test_deleted_files_come_back_without_processing_again(one_process: OneProcess) -> None:
    await one_process.run(SAMPLE)
    content = (one_process.out / "kb_entries.ndjson").read_bytes()
    (one_process.out / "kb_entries.ndjson").unlink()
    again = await one_process.run(SAMPLE)
    assert again.code == 0, again.stderr
    assert (one_process.out / "kb_entries.ndjson").read_bytes() == content


async def test_the_summary_says_what_was_read_left_out_and_found(one_process: OneProcess) -> None:
    summary = (await one_process.run(SAMPLE)).summary
    messages = sample_messages()
    services = sum(message["type"] == "service" for message in messages)
    assert summary["messages_read"] == len(messages)
    assert summary["skipped"]["service"] == services
    assert summary["processed"] + sum(summary["skipped"].values()) + summary["failed"] == len(messages)
    assert all(topic["title"] and topic["size"] >= 1 for topic in summary["topics"])
    assert summary["cost_usd"] == 0
