"""The file of one topic: its card, its messages, and for each of them a link a reader can follow."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from tg_parser.contracts.ids import SourceRef, parse_source_ref
from tg_parser.exporter.domain.permalinks import comment_permalink, permalink
from tg_parser.exporter.domain.rows import NO_CHANNELS, Channels, MemberRow, TopicRow
from tg_parser.exporter.domain.stable_json import Json, loads, without_blanks
from tg_parser.exporter.domain.titles import entry_title

EXPORT_VERSION = "export:v4.0.0"
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
LONGEST_NAME = 120  # characters; file systems allow 255 bytes
TOPIC_FILE = re.compile(r"topic_[A-Za-z0-9_.-]+\.json")
"""What names of topic files look like; the only files an export ever removes."""


@dataclass(frozen=True, slots=True)
class TopicDossier:
    """A topic's row, opened: what its file, its entry and the list of cards are made of."""

    row: TopicRow
    card: Json
    bundle: Json
    resolved: list[Json]


def topic_dossier(row: TopicRow, channels: Channels = NO_CHANNELS) -> TopicDossier:
    """`row` with its parts read and its sources resolved. `channels` names those whose posts have comments in it."""
    body = loads(row.body)
    card, bundle = body["card"], body["bundle"]
    return TopicDossier(row, card, bundle, resolved_sources(row, card, bundle, channels))


def topic_export(dossier: TopicDossier) -> Json:
    """The TopicExport. Its date is that of the newest thing in it, so that an unchanged topic is an unchanged file."""
    dates = [dossier.card["updated_at"], dossier.bundle["updated_at"]]
    dates += [source["published_at"] for source in dossier.resolved if "published_at" in source]
    return {
        "topic_card": dossier.card,
        "topic_bundle": dossier.bundle,
        "resolved_sources": dossier.resolved,
        "exported_at": max(dates, key=datetime.fromisoformat),
        "export_version": EXPORT_VERSION,
    }


def resolved_sources(row: TopicRow, card: Json, bundle: Json, channels: Channels) -> list[Json]:
    """Every message of the topic's card and bundle once: anchors first, then by falling score, then by name.

    An anchor's role and score come from the card, as TG_parser v3 merged them; its justification from the bundle.
    """
    found: dict[str, Json] = {item["source_ref"]: _from_item(item) for item in bundle["items"]}
    for anchor in card["anchors"]:
        ref = anchor["anchor_ref"]
        score = anchor.get("score", found.get(ref, {}).get("score"))
        found[ref] = found.get(ref, {}) | without_blanks({"source_ref": ref, "role": "anchor", "score": score})
    resolved = [
        source | _described(source["source_ref"], row.members.get(source["source_ref"]), channels)
        for source in found.values()
    ]
    return sorted(resolved, key=_rank)


def topic_file_name(topic_id: str) -> str:
    """`topic_<id, ':' as '_'>.json`, as TG_parser v3 named it. An id no file system likes gets a digest instead."""
    name = topic_id.replace(":", "_")
    if len(name) > LONGEST_NAME or UNSAFE.search(name):
        digest = hashlib.sha256(topic_id.encode()).hexdigest()[:16]
        name = f"{UNSAFE.sub('_', name)[: LONGEST_NAME - 17]}_{digest}"
    return f"topic_{name}.json"


def _from_item(item: Json) -> Json:
    return {name: item[name] for name in ("source_ref", "role", "score", "justification") if name in item}


def _described(source_ref: str, member: MemberRow | None, channels: Channels) -> Json:
    ref = parse_source_ref(source_ref)
    identity: Json = {
        "channel_id": ref.channel_id,
        "message_id": str(ref.message_id),
        "message_type": ref.message_type,
    }
    return identity if member is None else identity | _known(ref, member, channels)


def _known(ref: SourceRef, member: MemberRow, channels: Channels) -> Json:
    message = loads(member.observed)["message"]
    document = loads(member.processed)["document"] if member.processed else None
    return without_blanks(
        {
            "telegram_url": _address(ref, member, message, channels),
            "published_at": message["date"],
            "title": entry_title(document, message, member.channel) if document else None,
        }
    )


def _address(ref: SourceRef, member: MemberRow, message: Json, channels: Channels) -> str | None:
    if not message.get("root_ref"):
        return permalink(ref, member.channel.username, thread_id=message.get("thread_id"))
    root = parse_source_ref(message["root_ref"])
    channel = channels.get(root.channel_id)
    return comment_permalink(ref, root, channel.username if channel else None)


def _rank(source: Json) -> tuple[bool, bool, float, str]:
    score: float | None = source.get("score")
    return source["role"] != "anchor", score is None, -(score or 0.0), source["source_ref"]
