from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.knowledge import KnowledgeBaseEntry
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.topics import TopicOpened
from tg_parser.exporter.domain.entries import message_entry, topic_entry
from tg_parser.exporter.domain.rows import ChannelName, ItemRow, MessageRow, TopicRow
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
    row = message_row(ingested(7, forwarded_from=origin), processed(7))
    metadata = message_entry(row)["metadata"]
    assert metadata["telegram_url"] == "https://t.me/daily/7"
    assert metadata["forwarded_from"] == origin | {"telegram_url": "https://t.me/c/88/4"}
    known = message_entry(row, {"88": ChannelName("Elsewhere", "elsewhere")})["metadata"]
    assert known["forwarded_from"] == origin | {
        "channel_username": "elsewhere",
        "telegram_url": "https://t.me/elsewhere/4",
    }


def item(ingested: MessageIngested, processed: MessageProcessed | None = None, markdown: str = "") -> ItemRow:
    observed = json.loads(encode(ingested)) | ({"markdown": markdown} if markdown else {})
    return ItemRow(ingested.source_ref, json.dumps(observed), encode(processed).decode() if processed else None)


def test_an_album_is_one_entry_with_every_caption_and_the_address_of_each_message(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    photos = [
        ingested(6, grouped_id="5", kind="photo", media=[{"kind": "photo"}], reactions={"🔥": 2}),
        ingested(7, grouped_id="5", kind="video", media=[{"kind": "video"}], edited_at="2026-01-02T00:00:00Z"),
        ingested(8, grouped_id="5", kind="photo", media=[{"kind": "photo"}], edited_at="2026-01-03T00:00:00+03:00"),
    ]
    first = processed(7, title="Title", summary="In short.", topics=["economy", "bank"], hashtags=["#a"])
    second = processed(8, topics=["bank", "rate"], hashtags=["#a", "#b"], urls=["https://a.example"])
    album = (item(photos[0]), item(photos[1], first), item(photos[2], second, "**Text** 8."))
    entry = message_entry(message_row(photos[1], first, entry_ref="tg:77:post:6", album=album))
    SCHEMA.validate(entry)
    assert (entry["id"], entry["source"]["message_id"]) == ("kb:msg:tg:77:post:6", "6")
    assert (entry["title"], entry["content"]) == ("Title", "In short.\n\nText 7.\n\nText 8.")
    assert (entry["topics"], entry["tags"]) == (["economy", "bank", "rate"], ["#a", "#b"])
    metadata = entry["metadata"]
    assert metadata["telegram_url"] == "https://t.me/daily/6"
    assert metadata["album"] == ["tg:77:post:6", "tg:77:post:7", "tg:77:post:8"]
    assert metadata["media_kinds"] == ["photo", "video"]
    assert (metadata["edited_at"], metadata["reactions"]) == ("2026-01-03T00:00:00+03:00", {"🔥": 2})
    assert metadata["markdown"] == "Text 7.\n\n**Text** 8."
    assert metadata["urls"] == ["https://a.example"]
    assert metadata["document_id"] == "doc:tg:77:post:7"
    assert [(each["telegram_url"], each.get("caption")) for each in metadata["items"]] == [
        ("https://t.me/daily/6?single", None),
        ("https://t.me/daily/7?single", "Text 7."),
        ("https://t.me/daily/8?single", "Text 8."),
    ]


def test_what_a_post_looks_like_is_told_where_that_is_more_than_its_words(
    ingested: Ingested, processed: Processed, message_row: Rows
) -> None:
    bare = message_row(ingested(7), processed(7))
    styled = replace(bare, observed=json.dumps(json.loads(bare.observed) | {"markdown": "**Text** 7."}))
    assert "markdown" not in message_entry(bare)["metadata"]
    assert message_entry(styled)["metadata"]["markdown"] == "**Text** 7."
    assert message_entry(styled)["content"] == "Text 7."


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
