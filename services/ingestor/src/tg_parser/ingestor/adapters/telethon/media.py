"""What hangs on a message besides its text: files, places, contacts, polls. Only what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tg_parser.contracts.messages import MessageKind
from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, part, parts, word

KINDS: Final[Mapping[str, MessageKind]] = {
    "": "text",
    "MessageMediaEmpty": "text",
    "MessageMediaWebPage": "text",
    "MessageMediaPhoto": "photo",
    "MessageMediaGeo": "location",
    "MessageMediaGeoLive": "location",
    "MessageMediaVenue": "location",
    "MessageMediaContact": "contact",
    "MessageMediaPoll": "poll",
    "MessageMediaUnsupported": "unsupported",
}
"""Anything else is `other`, with its own name on the one entry of the message's media."""
MOST: Final = 100


def content_of(message: Dump) -> dict[str, Any]:
    """The kind and what belongs to it, as `TelegramMessage` takes them."""
    media = part(message, "media")
    name = constructor(media)
    if name == "MessageMediaDocument":
        return _document_content(media)
    content: dict[str, Any] = {"kind": KINDS.get(name, "other")}
    if name == "MessageMediaPhoto":
        content["media"] = [photo(part(media, "photo"))]
    elif name == "MessageMediaPoll":
        content["poll"] = _poll(media)
    elif name == "MessageMediaContact":
        names = (word(media.get("first_name")), word(media.get("last_name")))
        content["contact_name"] = " ".join(filter(None, names)) or None
    elif content["kind"] == "location":
        content["place"] = _place(media)
    elif content["kind"] == "other":
        content["media"] = [_other(name, media)]
    return content


def photo(dump: Dump) -> dict[str, Any]:
    """A picture in its largest size, as `Media` takes it. Telegram leaves out what has expired."""
    if constructor(dump) != "Photo":
        return {"kind": "photo", "state": "unavailable"}
    largest = max(parts(dump, "sizes"), key=_area, default=None) or {}
    progressive = [size for size in largest.get("sizes", ()) if count(size)]
    entry = {
        "kind": "photo",
        "width": count(largest.get("w")),
        "height": count(largest.get("h")),
        "size_bytes": count(largest.get("size")) or max(progressive, default=None),
    }
    return _known(entry)


def document(dump: Dump) -> dict[str, Any]:
    """A file as `Media` takes it: what kind of file is decided by its attributes, never by its MIME type."""
    if constructor(dump) != "Document":
        return {"kind": "file", "state": "unavailable"}
    attributes = {constructor(entry).removeprefix("DocumentAttribute"): entry for entry in parts(dump, "attributes")}
    shape = attributes.get("Video") or attributes.get("ImageSize") or {}
    sound = attributes.get("Audio") or {}
    duration = shape.get("duration") or sound.get("duration")
    entry = {
        "kind": file_kind(attributes),
        "file_name": word(attributes.get("Filename", {}).get("file_name")),
        "mime_type": word(dump.get("mime_type"), 255),
        "size_bytes": count(dump.get("size")),
        "width": count(shape.get("w")) or None,
        "height": count(shape.get("h")) or None,
        "duration_seconds": int(duration) if isinstance(duration, (int, float)) and duration > 0 else None,
        "title": word(sound.get("title")) or word(attributes.get("Sticker", {}).get("alt")),
        "performer": word(sound.get("performer")),
    }
    return _known(entry)


def file_kind(attributes: Mapping[str, Dump]) -> MessageKind:
    """An animation also has a video's attributes, a sticker an animation's."""
    if "Sticker" in attributes:
        return "sticker"
    if "Animated" in attributes:
        return "animation"
    if "Video" in attributes:
        return "round" if attributes["Video"].get("round_message") else "video"
    if "Audio" in attributes:
        return "voice" if attributes["Audio"].get("voice") else "audio"
    return "file"


def _document_content(media: Dump) -> dict[str, Any]:
    entry = document(part(media, "document"))
    if entry.get("state") == "unavailable":  # expired: what it was is still said
        entry["kind"] = next((kind for kind in ("video", "round", "voice") if media.get(kind)), "file")
    return {"kind": entry["kind"], "media": [entry]}


def _other(name: str, media: Dump) -> dict[str, Any]:
    about = part(media, "game") or part(media, "todo") or media
    return _known({"kind": name.removeprefix("MessageMedia").lower() or "other", "title": word(about.get("title"))})


def _place(media: Dump) -> dict[str, Any] | None:
    geo = part(media, "geo")
    latitude, longitude = geo.get("lat"), geo.get("long")
    if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)):
        return None
    return {
        "latitude": latitude,
        "longitude": longitude,
        "title": word(media.get("title")),
        "address": word(media.get("address")),
        "live": constructor(media) == "MessageMediaGeoLive",
    }


def _poll(media: Dump) -> dict[str, Any]:
    poll, results = part(media, "poll"), part(media, "results")
    voters = {entry.get("option"): count(entry.get("voters")) or 0 for entry in parts(results, "results")}
    return {
        "question": word(poll.get("question")) or "",
        "closed": poll.get("closed") is True,
        "total_voters": count(results.get("total_voters")) or 0,
        "answers": [
            {"text": word(answer.get("text")) or "", "voters": voters.get(answer.get("option"), 0)}
            for answer in parts(poll, "answers")[:MOST]
        ],
    }


def _area(size: Dump) -> int:
    return (count(size.get("w")) or 0) * (count(size.get("h")) or 0)


def _known(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}
