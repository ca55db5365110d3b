"""Topics: `topic_cards` with their `topic_bundles`, under our names of messages. Names of messages that never were are left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from tg_parser.contracts.ids import parse_source_ref, topic_id
from tg_parser.contracts.topics import TopicImported
from tg_parser.ingestor.adapters.exports.entries import LARGEST, Entry, rejected
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.v3_database.identities import Identities
from tg_parser.ingestor.adapters.v3_database.values import members, moment, parsed, share, word, words
from tg_parser.ingestor.domain import Inherited

CARDS: Final = """
SELECT card.*, bundle.items_json, bundle.updated_at AS bundled_at, bundle.metadata_json AS bundle_metadata_json
FROM processing.topic_cards AS card
LEFT JOIN processing.topic_bundles AS bundle
    ON bundle.rowid = (SELECT max(one.rowid) FROM processing.topic_bundles AS one
                       WHERE one.topic_id = card.id AND one.time_from IS NULL AND one.time_to IS NULL)
ORDER BY card.id
"""
EXISTS: Final = "SELECT 1 FROM raw_messages WHERE source_ref = ?"
MOST_ITEMS: Final = 1_000
"""v3 sorted them, the surest first."""
PREFIX: Final = "topic:"


def topic_entries(connection: sqlite3.Connection, identities: Identities) -> Iterator[Entry]:
    """One entry for each topic."""

    def name(old: Any) -> str | None:
        ref = identities.ref(old)
        return ref if ref and connection.execute(EXISTS, (old,)).fetchone() else None

    for position, row in enumerate(map(dict, connection.execute(CARDS))):
        try:
            topic = topic_of(row, identities, name)
        except Unreadable as unreadable:
            told = f"The topic {str(row['id'])[:120]!r} was left out. {unreadable}"
            yield rejected(None, None, position, told, dict(row))
        else:
            yield Entry(Inherited(f"topic:{topic.old_id}", topic.digest(), (topic,)))


def topic_of(row: Mapping[str, Any], identities: Identities, name: Callable[[Any], str | None]) -> TopicImported:
    """The topic of a row. `name` gives our name of a message that exists. Raises Unreadable with a sentence that says why not."""
    anchors = [found for each in _objects(row["anchors_json"]) if (found := _anchor(each, name))]
    if not anchors:
        raise Unreadable("None of its anchors is a message of these databases.")
    items = _items(row["items_json"], name) or [_anchored(anchor) for anchor in anchors]
    own = _renamed(row["id"], identities) or topic_id(anchors[0]["anchor_ref"])
    updated_at = moment(row["updated_at"])
    told = {
        "topic_id": own,
        "old_id": row["id"],
        "card": _card(row, own, anchors, items, identities) | {"updated_at": updated_at},
        "bundle": {
            "topic_id": own,
            "items": items,
            "updated_at": moment(row["bundled_at"]) or updated_at,
            "channels": sorted({item["channel_id"] for item in items}),
            "metadata": members(row["bundle_metadata_json"]) or None,
        },
    }
    return _validated(told)


def _validated(told: dict[str, Any]) -> TopicImported:
    try:
        topic = TopicImported.model_validate(told)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}.") from invalid
    size = len(topic.model_dump_json(exclude_none=True).encode())
    if size > LARGEST:
        raise Unreadable(f"It takes {size:,} bytes, more than can be passed on.")
    return topic


def _card(
    row: Mapping[str, Any], own: str, anchors: list[dict[str, Any]], items: list[dict[str, Any]], identities: Identities
) -> dict[str, Any]:
    refs = [anchor["anchor_ref"] for anchor in anchors] + [item["source_ref"] for item in items]
    related = words(parsed(row["related_topics_json"]), most=100, longest=256)
    return {
        "id": own,
        "title": word(row["title"], 1_000),
        "summary": word(row["summary"], 16_384),
        "scope_in": words(parsed(row["scope_in_json"]), most=100, longest=1_000),
        "scope_out": words(parsed(row["scope_out_json"]), most=100, longest=1_000),
        "type": row["type"],
        "anchors": anchors,
        "sources": tuple(dict.fromkeys(refs)),
        "tags": words(parsed(row["tags_json"]), most=100, longest=256),
        "related_topics": tuple(_renamed(name, identities) or name for name in related),
        "status": word(row["status"], 64),
        "metadata": members(row["metadata_json"]) or None,
    }


def _renamed(old: Any, identities: Identities) -> str | None:
    """A topic is called after its first anchor, even if there never was such a message."""
    ref = identities.ref(old.removeprefix(PREFIX)) if isinstance(old, str) and old.startswith(PREFIX) else None
    return topic_id(ref) if ref else None


def _anchor(anchor: dict[str, Any], name: Callable[[Any], str | None]) -> dict[str, Any] | None:
    ref = name(anchor.get("anchor_ref"))
    return {**_place(ref, anchor), "anchor_ref": ref} if ref else None


def _items(column: Any, name: Callable[[Any], str | None]) -> list[dict[str, Any]]:
    items: dict[str, dict[str, Any]] = {}
    for each in _objects(column):
        if ref := name(each.get("source_ref")):
            role = "anchor" if each.get("role") == "anchor" else "supporting"
            justification = word(each.get("justification"), 500)
            items.setdefault(
                ref, {**_place(ref, each), "source_ref": ref, "role": role, "justification": justification}
            )
    return list(items.values())[:MOST_ITEMS]


def _anchored(anchor: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in anchor.items() if name != "anchor_ref"} | {
        "source_ref": anchor["anchor_ref"],
        "role": "anchor",
    }


def _place(ref: str, told: dict[str, Any]) -> dict[str, Any]:
    named = parse_source_ref(ref)
    return {
        "channel_id": named.channel_id,
        "message_id": str(named.message_id),
        "message_type": named.message_type,
        "score": share(told.get("score")),
        "parent_message_id": word(told.get("parent_message_id"), 32),
        "thread_id": word(told.get("thread_id"), 32),
    }


def _objects(column: Any) -> list[dict[str, Any]]:
    found = parsed(column)
    return [each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict)]
