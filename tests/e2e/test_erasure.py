"""A text that is erased is nowhere any more, and comes back from nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from searching import files_with
from town import CHANNEL, COMMENT, WORD, Town, posts, town

from tg_parser.cli.import_command import ImportRequest
from tg_parser.contracts.documents import DocumentImported, MessageProcessed
from tg_parser.contracts.topics import (
    RegroupCommitted,
    TopicImported,
    TopicOpened,
    TopicRetired,
    TopicsMerged,
    TopicUpdated,
)
from tg_parser.testkit.old_installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

ERASED = [f"tg:{CHANNEL}:post:{number}" for number in (1, 2, 3, 20, 22)]


async def test_an_erased_text_is_nowhere_and_comes_back_from_nowhere(
    nats_url: str, postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(nats_url, postgres_dsn, tmp_path, monkeypatch) as place:
        await place.read("first")
        await place.comment()
        await place.read("second", edited=True)
        before = await place.places(place.out("second"))
        await assert_the_word_was_everywhere(place, before)

        await place.erase([*ERASED, COMMENT])
        assert await place.places(await place.export("fresh")) == set()
        assert files_with(WORD, *(tmp_path / "nats-data").rglob("TG_EVT")) == set()
        await assert_the_others_are_still_there(place)

        await place.rebuild()
        assert await place.places(await place.export("rebuilt")) == set()
        await assert_the_others_are_still_there(place)

        again = await place.read("third", edited=True)
        assert again["stages"]["process"]["expected"] == len(posts(edited=True)) - len(ERASED)
        await place.erase(ERASED[:2])
        assert await place.places(place.out("third")) == set()


async def assert_the_word_was_everywhere(place: Town, found: set[str]) -> None:
    """Otherwise it would be no wonder that it is nowhere later."""
    kinds = {name.split(" ")[1].rsplit(".", 2)[0] for name in found if name.startswith("TG_EVT")}
    assert kinds >= {"tg.evt.message.ingested", "tg.evt.message.edited", "tg.evt.message.processed"}
    assert kinds & {"tg.evt.topic.opened", "tg.evt.topic.updated"}
    assert any(name.startswith("TG_DLQ") for name in found)
    assert any(name.startswith("object originals/") for name in found)
    tables = {name for name in found if name.startswith("table ")}
    assert tables >= {
        "table processor.answer",
        "table topicizer.document",
        "table topicizer.topic",
        "table exporter.topic",
    }
    assert {"table exporter.outcome"} <= tables
    assert files_with(WORD, place.out("second"))


async def assert_the_others_are_still_there(place: Town) -> None:
    """What was told together with an erased message, and topics it belonged to."""
    documents = {fact.source_ref for fact in await place.facts(MessageProcessed)}
    assert documents == {f"tg:{CHANNEL}:post:{number}" for number in (4, 5, 6, 7, 8)}
    topics = {fact.topic_id: fact.card for kind in (TopicOpened, TopicUpdated) for fact in await place.facts(kind)}
    members = {ref for card in topics.values() for ref in card.sources}
    assert members >= {f"tg:{CHANNEL}:post:{number}" for number in (4, 5)}
    assert all(card.title for card in topics.values())
    assert await place.facts(RegroupCommitted)


async def test_what_an_earlier_version_knew_of_an_erased_message_is_nowhere_and_is_not_imported_again(
    nats_url: str, postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = databases(tmp_path / "old")
    async with town(nats_url, postgres_dsn, tmp_path, monkeypatch) as place:
        before = await imported(place, "first")
        kinds = {name.split(" ")[1].rsplit(".", 2)[0] for name in await place.places() if name.startswith("TG_EVT")}
        assert kinds >= {"tg.evt.document.imported", "tg.evt.topic.imported", "tg.evt.topic.opened"}
        assert "table topicizer.imported_topic" in await place.places()
        assert OLD_TOPIC in before

        await place.erase([f"tg:{CHANNEL}:post:1"])
        assert await place.places(await place.export("fresh")) == set()
        assert files_with(WORD, *(tmp_path / "nats-data").rglob("TG_EVT")) == set()
        assert OLD_TOPIC in await resolved(place)

        old.execute("processing_storage", "UPDATE topic_cards SET updated_at = '2025-03-07T10:00:00Z'")
        old.execute("processing_storage", "UPDATE processed_documents SET summary = summary || '!'")
        await imported(place, "second")  # all of it looks new, so that nothing is left out because it was told before
        await place.rebuild()
        again = await imported(place, "third")
        assert await place.places(place.out("third")) == set()
        assert OLD_TOPIC in again
        assert {fact.source_ref for fact in await place.facts(DocumentImported)} == {
            f"tg:{CHANNEL}:post:{number}" for number in (2, 3, 4)
        }
        assert {fact.old_id for fact in await place.facts(TopicImported)} == {"topic:tg:town:post:4"}


OLD_TOPIC = "topic:tg:town:post:2"


def databases(folder: Path) -> Installation:
    """Four messages that v3 understood. Three of its topics are about the first: one is anchored elsewhere, one of it alone."""
    old = Installation(folder, "v3.1")
    texts = (f"{BRIDGE} {WORD}", f"{BRIDGE}, filmed", f"{BRIDGE}, repaired", "Wolves are in the final after overtime")
    refs = [old.message("town", number, text) for number, text in enumerate(texts, 1)]
    for name, text in zip(refs, texts, strict=True):
        old.document(name, text, summary=text)
    words: dict[str, Any] = {
        "title": f"The {WORD} crack",
        "summary": WORD,
        "scope_in_json": f'["{WORD}"]',
        "tags_json": f'["{WORD}"]',
    }
    old.topic(OLD_TOPIC, refs[1:2], [refs[2], refs[0]], **words)
    old.topic("topic:tg:town:post:1", refs[:1], **words)
    old.topic("topic:tg:town:post:3", refs[2:3], refs[:1], **words)
    old.topic("topic:tg:town:post:4", refs[3:])
    return old


BRIDGE = "Divers inspected the piers of the Old Bridge and found a crack under the water"


async def imported(place: Town, key: str) -> set[str]:
    """Import the databases; the ids that lead to a topic then."""
    request = ImportRequest(place.folder / "old", "f", channel_ids={"town": CHANNEL})
    await place.done(request.body() | {"target": {"location": str(place.out(key))}}, key)
    return await resolved(place)


async def resolved(place: Town) -> set[str]:
    """The old ids that lead to a topic that stands."""
    into = {old: fact.survivor for fact in await place.facts(TopicsMerged) for old in fact.absorbed}
    retired = {fact.topic_id for fact in await place.facts(TopicRetired)}
    standing = {fact.topic_id for kind in (TopicOpened, TopicUpdated) for fact in await place.facts(kind)} - retired

    def follow(name: str) -> str:
        return follow(into[name]) if name in into else name

    return {old for old in into if follow(old) in standing}
