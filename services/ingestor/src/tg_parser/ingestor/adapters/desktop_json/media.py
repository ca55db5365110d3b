"""The files that hang on a message of an export. Paths are somebody else's words and are never followed."""

from __future__ import annotations

from typing import Any, Final

from tg_parser.ingestor.adapters.exports.paths import safe_path

MEDIA_TYPES: Final = {
    "sticker": "sticker",
    "video_message": "round",
    "voice_message": "voice",
    "animation": "animation",
    "video_file": "video",
    "audio_file": "audio",
}
OTHER: Final = {
    "game_title": "game",
    "invoice_information": "invoice",
    "giveaway_information": "giveaway",
    "giveaway_results": "giveaway_results",
    "todo_list": "todo",
}
"""Members of messages that are neither text nor file, and what they are called here."""
LONGEST_NAME: Final = 1_024


def media_of(row: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The kind of a message and its media as `Media` takes them. The kind is `text` if there are none."""
    if isinstance(row.get("photo"), str):
        return "photo", [_file("photo", row, row["photo"], row.get("photo_file_size"))]
    if "media_type" in row or isinstance(row.get("file"), str):
        kind = MEDIA_TYPES.get(str(row.get("media_type")), "file")
        return kind, [_file(kind, row, row.get("file"), row.get("file_size"))]
    if isinstance(row.get("location_information"), dict) or "place_name" in row:
        return "location", []
    if isinstance(row.get("contact_information"), dict):
        return "contact", []
    if "poll" in row:
        return "poll", []
    found = next((member for member in OTHER if member in row), None)
    return ("text", []) if found is None else ("other", [_other(OTHER[found], row[found])])


def _file(kind: str, row: dict[str, Any], path: Any, size: Any) -> dict[str, Any]:
    state, safe = _where(path)
    media: dict[str, Any] = {"kind": kind, "state": state, "path": safe, "size_bytes": _count(size)}
    for member, name in (("file_name", "file_name"), ("mime_type", "mime_type"), ("performer", "performer")):
        media[name] = _word(row.get(member))
    media["title"] = _word(row.get("title")) or _word(row.get("sticker_emoji"))
    for member in ("width", "height", "duration_seconds"):
        media[member] = _count(row.get(member))
    return {name: value for name, value in media.items() if value is not None}


def _other(kind: str, value: Any) -> dict[str, Any]:
    """Its title is all that is said of it."""
    title = _word(value.get("title") if isinstance(value, dict) else value)
    return {"kind": kind, "title": title} if title else {"kind": kind}


def _where(path: Any) -> tuple[str, str | None]:
    """State and relative path of a file. `(File not included. …)` and its like stand where the path would.

    A path that would lead out of the export is not kept: whoever serves files must not have to trust it.
    """
    if not isinstance(path, str) or not path or (path.startswith("(") and path.endswith(")")):
        return "not_exported", None
    safe = safe_path(path)
    return ("available", safe) if safe else ("unavailable", None)


def _word(value: Any) -> str | None:
    return value.replace("\0", "")[:LONGEST_NAME] if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 1 << 53 else None
