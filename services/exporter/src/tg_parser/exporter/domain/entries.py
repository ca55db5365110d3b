"""Entries of the knowledge base, in the shape of TG_parser v3's KnowledgeBaseEntry.

They are made as JSON objects: what they are made of was validated when it was folded, and validating it twice would
cost more than everything else.
"""

from __future__ import annotations

from tg_parser.contracts.ids import SourceRef, message_entry_id, parse_source_ref, topic_entry_id
from tg_parser.exporter.domain.albums import items, parts_of, post_document, post_markdown, post_message
from tg_parser.exporter.domain.permalinks import permalink
from tg_parser.exporter.domain.rows import NO_CHANNELS, Channels, MessageRow, TopicRow
from tg_parser.exporter.domain.stable_json import Json, loads, without_blanks
from tg_parser.exporter.domain.titles import entry_title


def message_entry(row: MessageRow, channels: Channels = NO_CHANNELS) -> Json:
    """The entry of a post: its summary and its text, dated as the post is. `channels` names those it was forwarded from."""
    processed = loads(row.processed)
    parts = parts_of(row)
    message, document = post_message(parts), post_document(parts)
    named = parse_source_ref(row.entry_ref)
    return {
        "id": message_entry_id(row.entry_ref),
        "source": source_of(named),
        "created_at": message["date"],
        "title": entry_title(document, message, row.channel),
        "content": _content(document),
        "topics": document.get("topics", []),
        "tags": document.get("hashtags", []),
        "metadata": without_blanks(
            _origin(row, named, message, channels)
            | {"markdown": post_markdown(parts), "items": items(parts, row.channel.username)}
            | _understood(document)
            | _provenance(row, processed)
        ),
    }


def source_of(named: SourceRef) -> Json:
    """What an entry about the message `named` was made of."""
    return {
        "type": "telegram_message",
        "channel_id": named.channel_id,
        "message_id": str(named.message_id),
        "message_type": named.message_type,
        "source_ref": str(named),
    }


def topic_entry(row: TopicRow, card: Json, bundle: Json, resolved: list[Json]) -> Json:
    """The entry of a topic: what it is about, with the messages that say so in `metadata.resolved_sources`."""
    return {
        "id": topic_entry_id(row.topic_id),
        "source": {"type": "topic", "topic_id": row.topic_id},
        "created_at": card["updated_at"],
        "title": card["title"],
        "content": _topic_content(card),
        "topics": [row.topic_id],
        "tags": card.get("tags", []),
        "metadata": without_blanks(
            {
                "resolved_sources": resolved,
                "topic_card": card.get("metadata"),
                "topic_bundle": bundle.get("metadata"),
                "topic_ids": [row.topic_id],
                "type": card["type"],
                "time_range": bundle.get("time_range"),
                "channels": bundle.get("channels"),
                "related_topics": card.get("related_topics"),
                "aliases": list(row.aliases),
                "split_from": row.split_from,
                "facts": {"topic": row.seq},
            }
        ),
    }


def _content(document: Json) -> str:
    summary = document.get("summary")
    return f"{summary}\n\n{document['text_clean']}" if summary else document["text_clean"]


def _topic_content(card: Json) -> str:
    inside, outside = ", ".join(card["scope_in"]), ", ".join(card["scope_out"])
    return f"{card['summary']}\n\n**Scope In:** {inside}\n**Scope Out:** {outside}"


def _origin(row: MessageRow, named: SourceRef, message: Json, channels: Channels) -> Json:
    return {
        "telegram_url": permalink(named, row.channel.username, thread_id=message.get("thread_id")),
        "channel_title": row.channel.title,
        "channel_username": row.channel.username,
        "published_at": message["date"],
        "edited_at": message.get("edited_at"),
        "author": message.get("author"),
        "message_kind": message["kind"],
        "media_kinds": sorted({media["kind"] for media in message.get("media", [])}),
        "forwarded_from": _forwarded_from(message.get("forwarded_from"), channels),
        "album": [item.source_ref for item in row.album],
        "reactions": message.get("reactions"),
        "link_preview": message.get("link_preview"),
        "quote": message.get("quote"),
    }


def _forwarded_from(origin: Json | None, channels: Channels) -> Json | None:
    """The origin with its address, if the source knew which message it is: the publisher is the entry's own channel."""
    if not origin or "channel_id" not in origin or "message_id" not in origin:
        return origin
    channel = channels.get(origin["channel_id"])
    username = channel.username if channel else None
    address = permalink(SourceRef(origin["channel_id"], "post", origin["message_id"]), username)
    return without_blanks(origin | {"channel_username": username, "telegram_url": address})


def _understood(document: Json) -> Json:
    return {
        "language": document.get("language"),
        "kind": document.get("kind"),
        "is_ad": document.get("is_ad", False),
        "entities": document.get("entities"),
        "key_points": document.get("key_points"),
        "urls": document.get("urls"),
        "reply_to": document.get("reply_to"),
    }


def _provenance(row: MessageRow, processed: Json) -> Json:
    document = processed["document"]
    return {
        "document_id": document["id"],
        "processed_at": document["processed_at"],
        "processing": document["metadata"],
        "pipeline_key": processed["pipeline_key"],
        "content_hash": document["content_hash"],
        "revision": processed.get("revision", 0),
        "source_kind": loads(row.observed)["source_kind"],
        "facts": {"message": row.observed_seq, "document": row.processed_seq},
        "topic_ids": list(row.topic_ids),
    }
