from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.knowledge import KnowledgeBaseEntry
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.topics import TopicOpened
from tg_parser.exporter.domain.entries import message_entry, topic_entry
from tg_parser.exporter.domain.rows import MessageRow, TopicRow
from tg_parser.exporter.domain.topic_files import topic_dossier

Ingested = Callable[..., MessageIngested]
Processed = Callable[..., MessageProcessed]
Rows = Callable[..., MessageRow]

SCHEMA = Draft202012Validator(KnowledgeBaseEntry.model_json_schema(), format_checker=FormatChecker())


def test_a_message_entry_has_the_shape_of_the_contract(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    entry = message_entry(message_row(ingested(7), processed(7)))
    SCHEMA.validate(entry)
    assert KnowledgeBaseEntry.model_validate(entry).id == "kb:msg:tg:77:post:7"


def test_an_entry_is_dated_as_its_message_is_and_not_as_its_processing(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    entry = message_entry(message_row(ingested(7), processed(7)))
    assert entry["created_at"] == entry["metadata"]["published_at"] == "2026-01-01T07:00:00Z"
    assert entry["metadata"]["processed_at"] == "2026-01-31T00:00:00Z"


def test_the_content_is_summary_blank_line_and_text(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    with_summary = message_entry(message_row(ingested(7), processed(7, summary="In short.")))
    without = message_entry(message_row(ingested(7), processed(7)))
    assert with_summary["content"] == "In short.\n\nText 7."
    assert without["content"] == "Text 7."


def test_what_was_understood_is_kept_with_its_evidence(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    document: dict[str, Any] = {
        "topics": ["economy"],
        "hashtags": ["#rate"],
        "language": "en",
        "kind": "news",
        "is_ad": False,
        "entities": [{"type": "org", "value": "Bank", "quote": "the Bank"}],
        "key_points": [{"text": "It rose.", "quote": "rose by 1 %"}],
    }
    entry = message_entry(message_row(ingested(7), processed(7, **document), topic_ids=("topic:tg:77:post:1",)))
    metadata = entry["metadata"]
    assert (entry["topics"], entry["tags"]) == (["economy"], ["#rate"])
    assert {name: metadata[name] for name in ("language", "kind", "is_ad")} == {
        "language": "en",
        "kind": "news",
        "is_ad": False,
    }
    assert metadata["entities"] == document["entities"]
    assert metadata["key_points"] == document["key_points"]
    assert metadata["topic_ids"] == ["topic:tg:77:post:1"]
    assert metadata["facts"] == {"message": 3, "document": 5}
    assert metadata["processing"]["model_id"] == "m"


def test_a_forward_keeps_its_origin_apart_from_its_publisher(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    origin = {"name": "Elsewhere", "channel_id": "88", "message_id": 4}
    metadata = message_entry(message_row(ingested(7, forwarded_from=origin), processed(7)))["metadata"]
    assert metadata["telegram_url"] == "https://t.me/daily/7"
    assert metadata["forwarded_from"] == origin | {"telegram_url": "https://t.me/c/88/4"}


def test_an_albums_text_is_the_entry_of_its_head(ingested: Ingested, processed: Processed, message_row: Rows) -> None:
    album = ("tg:77:post:6", "tg:77:post:7")
    entry = message_entry(message_row(ingested(7, grouped_id="5"), processed(7), entry_ref="tg:77:post:6", album=album))
    assert (entry["id"], entry["source"]["message_id"]) == ("kb:msg:tg:77:post:6", "6")
    assert entry["metadata"]["album"] == list(album)
    assert entry["metadata"]["document_id"] == "doc:tg:77:post:7"
    assert entry["metadata"]["telegram_url"] == "https://t.me/daily/6"


def test_another_text_of_an_album_is_addressed_alone(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    album = ("tg:77:post:6", "tg:77:post:7")
    entry = message_entry(message_row(ingested(7, grouped_id="5"), processed(7), album=album))
    assert entry["metadata"]["telegram_url"] == "https://t.me/daily/7?single"


def test_what_is_unknown_is_left_out(ingested: Ingested, processed: Processed, message_row: Rows) -> None:
    metadata = message_entry(message_row(ingested(7), processed(7), username=None))["metadata"]
    assert metadata["telegram_url"] == "https://t.me/c/77/7"
    assert not {"channel_username", "edited_at", "album", "reactions", "forwarded_from"} & set(metadata)


def test_a_topic_entry_has_the_shape_of_the_contract(
    topic: Callable[..., TopicOpened], topic_row: Callable[..., TopicRow]
) -> None:
    row = topic_row(topic("tg:77:post:1", "tg:77:post:2", tags=["t"]), aliases=("topic:tg:77:post:9",))
    dossier = topic_dossier(row)
    entry = topic_entry(row, dossier.card, dossier.bundle, dossier.resolved)
    SCHEMA.validate(entry)
    assert entry["id"] == "kb:topic:topic:tg:77:post:1"
    assert entry["topics"] == ["topic:tg:77:post:1"]
    assert entry["content"] == "What it is.\n\n**Scope In:** this\n**Scope Out:** that"
    assert entry["metadata"]["aliases"] == ["topic:tg:77:post:9"]
    assert len(entry["metadata"]["resolved_sources"]) == 2
