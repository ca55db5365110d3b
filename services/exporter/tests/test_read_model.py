"""The read model on a real Postgres: what is folded is what is exported."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel
from sqlalchemy import text

from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.settings import PostgresSettings
from tg_parser.contracts.documents import MessageFailed, MessageProcessed, MessageSkipped
from tg_parser.contracts.knowledge import KnowledgeBaseEntry, Manifest, TopicExport
from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestPageCommitted,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageRestored,
    RejectedInput,
    TextEntity,
)
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import TopicCard, TopicOpened, TopicRetired, TopicsMerged, TopicSplit
from tg_parser.exporter.adapters.folder import LocalFolders
from tg_parser.exporter.adapters.postgres_rows import MESSAGES_PER_PAGE, PostgresKnowledgeBase
from tg_parser.exporter.export import write_export
from tg_parser.exporter.projection import EntriesProjection

pytestmark = pytest.mark.servers

Log = list[Recorded]


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres_settings: PostgresSettings) -> AsyncIterator[Database]:
    async with open_database("exporter", postgres_settings) as opened:
        await opened.migrate("tg_parser.exporter.migrations", "exporter")
        yield opened


async def fold(database: Database, log: Sequence[Recorded], *, position: int) -> None:
    """Fold a batch as the projector does, with the position in the same transaction."""
    async with database.begin() as connection:
        await EntriesProjection().apply(connection, log)
        await connection.execute(
            text(
                "INSERT INTO exporter.projection_position VALUES ('exporter.entries', :position) "
                "ON CONFLICT (projection) DO UPDATE SET last_seq = excluded.last_seq"
            ),
            {"position": position},
        )


async def exported(database: Database, path: Path) -> dict[str, bytes]:
    await write_export(PostgresKnowledgeBase(database), LocalFolders([path.parent]), path, pretty=False)
    return contents(path)


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def entries(files: dict[str, bytes]) -> dict[str, Any]:
    return {entry["id"]: entry for entry in map(json.loads, files["kb_entries.ndjson"].splitlines())}


@pytest.fixture
def log(
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    topic: Callable[..., TopicOpened],
    recorded: Callable[..., Recorded],
) -> Log:
    def skip(number: int, reason: str) -> MessageSkipped:
        return MessageSkipped.model_validate(
            {"channel_id": "77", "source_ref": f"tg:77:post:{number}", "reason": reason}
        )

    def comment(number: int, said: str) -> MessageProcessed:
        made = processed(number, channel_id="99", text_clean=said)
        ref = f"tg:99:comment:{number}"
        return made.model_copy(
            update={"source_ref": ref, "document": made.document.model_copy(update={"source_ref": ref})}
        )

    one, two, three, four = (topic(f"tg:77:post:{number}", "tg:77:post:10") for number in (1, 2, 8, 10))
    facts: list[Fact] = [
        ChannelObserved(
            channel_id="77", title="The Daily", channel_type="c", username="daily", source_kind="mtproto_history"
        ),
        *(ingested(number) for number in (1, 2, 3, 4, 5, 10)),
        *(ingested(number, grouped_id="5", kind="photo", text="") for number in (6, 7, 8)),
        *(ingested(number, grouped_id="6", kind="photo", text="") for number in (11, 20)),
        *(processed(number) for number in (1, 2, 3, 10, 20)),
        skip(4, "empty"),
        MessageFailed(channel_id="77", source_ref="tg:77:post:5", error_class="E", detail="It broke.", attempts=3),
        skip(6, "empty"),
        processed(7, text_clean="The album's caption."),
        processed(8, text_clean="Another caption."),
        skip(2, "unchanged"),
        MessageDeleted(channel_id="77", source_ref="tg:77:post:3"),
        one,
        two,
        three,
        four,
        TopicsMerged(survivor=one.topic_id, absorbed=(two.topic_id,), epoch=2),
        TopicSplit(parent=one.topic_id, children=(three.topic_id,), epoch=2),
        TopicRetired(topic_id=four.topic_id, epoch=2),
        IngestPageCommitted(page=0, cursor=9, rejected=(RejectedInput(position=8, reason="It has no id."),)),
        *(
            ingested(number, channel_id="99", message_type="comment", root_ref="tg:77:post:1", thread_id=3)
            for number in (50, 51)
        ),
        comment(50, "A comment."),
        comment(51, "Another."),
    ]
    return [recorded(seq, fact) for seq, fact in enumerate(facts, start=1)]


async def test_living_messages_with_documents_are_entries_and_nothing_else(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await fold(database, log, position=99)
    files = await exported(database, tmp_path / "kb")
    assert list(entries(files)) == [
        "kb:msg:tg:77:post:1",
        "kb:msg:tg:77:post:10",
        "kb:msg:tg:77:post:11",
        "kb:msg:tg:77:post:2",
        "kb:msg:tg:77:post:6",
        "kb:thread:tg:77:post:1",
        "kb:topic:topic:tg:77:post:1",
        "kb:topic:topic:tg:77:post:8",
    ]


async def test_an_album_is_one_entry_named_after_its_head(database: Database, log: Log, tmp_path: Path) -> None:
    await fold(database, log, position=99)
    files = await exported(database, tmp_path / "kb")
    head = entries(files)["kb:msg:tg:77:post:6"]
    assert head["content"] == "The album's caption.\n\nAnother caption."
    assert head["metadata"]["document_id"] == "doc:tg:77:post:7"
    assert head["metadata"]["album"] == [f"tg:77:post:{number}" for number in (6, 7, 8)]
    assert head["metadata"]["topic_ids"] == ["topic:tg:77:post:8"]
    assert (head["metadata"]["telegram_url"], head["metadata"]["items"][2]["telegram_url"]) == (
        "https://t.me/daily/6",
        "https://t.me/daily/8?single",
    )
    counts = json.loads(files["manifest.json"])["counts"]
    assert (counts["messages"], counts["posts"], counts["message_entries"], counts["thread_entries"]) == (12, 7, 5, 1)


async def test_an_edit_or_the_end_of_an_albums_item_changes_the_post(
    database: Database,
    log: Log,
    recorded: Callable[..., Recorded],
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    tmp_path: Path,
) -> None:
    await fold(database, log, position=99)
    item = ingested(8, grouped_id="5", kind="photo", text="Ещё подпись", edited_at="2026-01-05T00:00:00Z").message
    edited = MessageEdited(
        message=item.model_copy(update={"entities": (TextEntity(type="bold", offset=0, length=3),)}),
        content_hash="h2", source_kind="td_json", revision=1, previous_hash="h1",
    )  # fmt: skip
    changed = [edited, processed(8, revision=1, text_clean="Ещё подпись")]
    await fold(database, [recorded(seq, fact) for seq, fact in enumerate(changed, start=100)], position=101)
    head = entries(await exported(database, tmp_path / "edited"))["kb:msg:tg:77:post:6"]
    assert head["content"] == "The album's caption.\n\nЕщё подпись"
    assert head["metadata"]["edited_at"] == "2026-01-05T00:00:00Z"
    assert head["metadata"]["markdown"] == "The album's caption.\n\n**Ещё** подпись"
    for number, entry_id, content in ((6, 7, "The album's caption.\n\nЕщё подпись"), (7, 8, "Ещё подпись")):
        gone = MessageDeleted(channel_id="77", source_ref=f"tg:77:post:{number}")
        await fold(database, [recorded(110 + number, gone)], position=110 + number)
        found = entries(await exported(database, tmp_path / f"without-{number}"))
        assert f"kb:msg:tg:77:post:{number}" not in found
        assert found[f"kb:msg:tg:77:post:{entry_id}"]["content"] == content
    assert "album" not in found["kb:msg:tg:77:post:8"]["metadata"]


async def test_comments_stand_in_the_thread_of_their_post(database: Database, log: Log, tmp_path: Path) -> None:
    await fold(database, log, position=99)
    found = entries(await exported(database, tmp_path / "kb"))
    assert "kb:msg:tg:99:comment:50" not in found
    thread = found["kb:thread:tg:77:post:1"]
    assert (thread["title"], thread["content"]) == ("Comments: Text 1.", "Text 1.\n\n— A comment.\n\n— Another.")
    assert [each["telegram_url"] for each in thread["metadata"]["comments"]] == [
        "https://t.me/daily/1?comment=50",
        "https://t.me/daily/1?comment=51",
    ]


async def test_a_thread_outlives_its_post_and_loses_what_is_gone(
    database: Database, log: Log, recorded: Callable[..., Recorded], tmp_path: Path
) -> None:
    gone = [
        MessageDeleted(channel_id="77", source_ref="tg:77:post:1"),
        MessageDeleted(channel_id="99", source_ref="tg:99:comment:50"),
    ]
    await fold(database, [*log, *(recorded(seq, fact) for seq, fact in enumerate(gone, start=90))], position=99)
    thread = entries(await exported(database, tmp_path / "kb"))["kb:thread:tg:77:post:1"]
    assert (thread["title"], thread["content"]) == ("Comments: Another.", "— Another.")


async def test_entries_and_topics_name_each_other(database: Database, log: Log, tmp_path: Path) -> None:
    await fold(database, log, position=99)
    files = await exported(database, tmp_path / "kb")
    found = entries(files)
    assert found["kb:msg:tg:77:post:10"]["metadata"]["topic_ids"] == ["topic:tg:77:post:1", "topic:tg:77:post:8"]
    assert found["kb:topic:topic:tg:77:post:1"]["metadata"]["aliases"] == ["topic:tg:77:post:2"]
    assert found["kb:topic:topic:tg:77:post:8"]["metadata"]["split_from"] == "topic:tg:77:post:1"
    sources = json.loads(files["topic_topic_tg_77_post_1.json"])["resolved_sources"]
    assert [(source["role"], source["telegram_url"], source["title"]) for source in sources] == [
        ("anchor", "https://t.me/daily/1", "Text 1."),
        ("supporting", "https://t.me/daily/10", "Text 10."),
    ]
    assert "topic_topic_tg_77_post_10.json" not in files


async def test_a_message_that_is_back_is_an_entry_again_with_all_that_is_known_of_it(
    database: Database,
    log: Log,
    recorded: Callable[..., Recorded],
    ingested: Callable[..., MessageIngested],
    tmp_path: Path,
) -> None:
    message = ingested(3).message.model_copy(update={"author": "A Writer"})
    enriched = MessageEnriched(message=message, content_hash=message.content_hash(), source_kind="web_preview")
    back = [recorded(91, MessageRestored(channel_id="77", source_ref="tg:77:post:3")), recorded(92, enriched)]
    await fold(database, [*log, *back], position=99)
    files = await exported(database, tmp_path / "kb")
    assert entries(files)["kb:msg:tg:77:post:3"]["metadata"]["author"] == "A Writer"


async def test_an_erased_message_is_in_no_file_and_its_words_in_no_table(
    database: Database, log: Log, recorded: Callable[..., Recorded], tmp_path: Path
) -> None:
    await fold(database, log, position=99)
    assert b"Text 10." in b"".join((await exported(database, tmp_path / "before")).values())
    await fold(database, [recorded(100, MessageErased(channel_id="77", source_ref="tg:77:post:10"))], position=100)
    files = await exported(database, tmp_path / "after")
    assert "kb:msg:tg:77:post:10" not in entries(files)
    assert b"Text 10." not in b"".join(files.values())
    async with database.begin() as connection:
        rows = [
            *await connection.execute(text("SELECT body FROM exporter.post")),
            *await connection.execute(text("SELECT body FROM exporter.outcome")),
        ]
    assert len(rows) > 10
    assert not any("Text 10." in (row.body or "") or "Post 10" in (row.body or "") for row in rows)


async def test_the_manifest_covers_everything_and_every_digest_is_right(
    database: Database, log: Log, tmp_path: Path
) -> None:
    await fold(database, log, position=99)
    files = await exported(database, tmp_path / "kb")
    manifest = Manifest.model_validate_json(files.pop("manifest.json"))
    channel, group = manifest.channels
    assert (group.channel_id, group.messages) == ("99", 2)
    assert manifest.log_position == 99
    assert (channel.title, channel.messages, channel.processed, channel.failed) == ("The Daily", 10, 6, 1)
    assert channel.skipped == {"empty": 2}
    assert (manifest.counts["deleted"], manifest.counts["rejected"]) == (1, 1)
    assert (manifest.rejected[0].workflow_id, manifest.rejected[0].position) == ("w1", 8)
    assert {file.name: (file.sha256, file.bytes) for file in manifest.files} == {
        name: (hashlib.sha256(body).hexdigest(), len(body)) for name, body in files.items()
    }


async def test_every_file_has_the_shape_of_its_contract(database: Database, log: Log, tmp_path: Path) -> None:
    await fold(database, log, position=99)
    files = await exported(database, tmp_path / "kb")
    for line in files.pop("kb_entries.ndjson").splitlines():
        validate(KnowledgeBaseEntry, json.loads(line))
    for card in json.loads(files.pop("topics.json")):
        validate(TopicCard, card)
    validate(Manifest, json.loads(files.pop("manifest.json")))
    assert len(files) == 2
    for body in files.values():
        validate(TopicExport, json.loads(body))


def validate(contract: type[BaseModel], value: Any) -> None:
    Draft202012Validator(contract.model_json_schema(), format_checker=FormatChecker()).validate(value)


@pytest.mark.parametrize("seed", range(8))
async def test_files_depend_neither_on_order_nor_on_batches_nor_on_repetition(
    database: Database, log: Log, tmp_path: Path, seed: int
) -> None:
    await fold(database, log, position=99)
    expected = await exported(database, tmp_path / "straight")
    async with database.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(EntriesProjection.tables)}"))
    dice = random.Random(seed)
    shuffled = [*dice.sample(log, len(log)), *dice.sample(log, 5)]
    while shuffled:
        size = dice.randint(1, len(shuffled))
        await fold(database, shuffled[:size], position=99)
        shuffled = shuffled[size:]
    assert await exported(database, tmp_path / "shuffled") == expected


async def test_many_messages_are_read_page_by_page_in_order(
    database: Database,
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    topic: Callable[..., TopicOpened],
    recorded: Callable[..., Recorded],
    tmp_path: Path,
) -> None:
    numbers = range(1, 2 * MESSAGES_PER_PAGE + 2)
    facts = [make(number) for make in (ingested, processed) for number in numbers]
    facts += [topic(f"tg:77:post:{number}") for number in numbers[:120]]
    await fold(database, [recorded(seq, fact) for seq, fact in enumerate(facts, start=1)], position=5000)
    async with PostgresKnowledgeBase(database).snapshot() as snapshot:
        assert [len(page) async for page in snapshot.messages()] == [MESSAGES_PER_PAGE, MESSAGES_PER_PAGE, 1]
    files = await exported(database, tmp_path / "kb")
    ids = list(entries(files))
    assert len(ids) == len(numbers) + 120
    assert ids == sorted(ids)
    assert len(json.loads(files["topics.json"])) == 120


async def test_an_export_shows_one_position_while_folding_goes_on(
    database: Database, log: Log, ingested: Callable[..., MessageIngested], recorded: Callable[..., Recorded]
) -> None:
    await fold(database, log, position=99)
    async with PostgresKnowledgeBase(database).snapshot() as snapshot:
        before = await snapshot.extent()
        await fold(database, [recorded(200, ingested(200))], position=200)
        assert await snapshot.extent() == before
