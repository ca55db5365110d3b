"""What hangs on a message of a page. Where a file was left out, or stands without a preview, a line says what it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from selectolax.lexbor import LexborNode

from tg_parser.ingestor.adapters.desktop_html.nodes import classes, elements, inner, words
from tg_parser.ingestor.adapters.desktop_html.polls import poll_of
from tg_parser.ingestor.adapters.exports.paths import safe_path

WRAPS: Final = {
    "photo_wrap": "photo",
    "video_file_wrap": "video",
    "animated_wrap": "animation",
    "sticker_wrap": "sticker",
}
"""Elements with a preview."""
LINES: Final = {
    "media_voice_message": "voice",
    "media_audio_file": "audio",
    "media_file": "file",
    "media_game": "other",
    "media_invoice": "other",
}
TITLES: Final = {
    "Photo": "photo", "Self-destructing photo": "photo", "Sticker": "sticker", "Animation": "animation", "Video file": "video",
    "Self-destructing video": "video", "Video message": "round",
}  # fmt: skip
"""The words of lines with the class `media_photo` or `media_video`."""
POINT: Final = re.compile(r"(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)")
LENGTH: Final = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d\d)")
SIZE: Final = re.compile(r"(\d{1,6})\s*[x×]\s*(\d{1,6})")
NAMES: Final = re.compile(r"(?P<performer>.+?) – (?P<title>.+)")
SAID: Final = 1_024


@dataclass(frozen=True, slots=True)
class Attached:
    """The kind of a message, and what hangs on it as `TelegramMessage` takes it."""

    kind: str
    members: dict[str, Any] = field(default_factory=dict[str, Any])


def attached(wrap: LexborNode | None, base: str) -> Attached:
    """What is in the element with the class `media_wrap`. `base` leads from the page to the export's own folder."""
    element = next(elements(wrap), None) if wrap is not None else None
    if element is None:
        return Attached("text")
    names = classes(element)
    wrapped = next((kind for name, kind in WRAPS.items() if name in names), None)
    if wrapped:
        return _files({"kind": wrapped} | _where(element, base) | _previewed(element))
    make = next((make for name, make in OTHERS.items() if name in names), None)
    return make(element) if make else _line(element, names, base)


def _line(element: LexborNode, names: frozenset[str], base: str) -> Attached:
    title, status = _said(element, "title"), _said(element, "status") or ""
    kind = next((LINES[name] for name in LINES if name in names), None) or TITLES.get(title or "", "other")
    if kind == "other":
        return Attached(kind)
    media: dict[str, Any] = {"kind": kind} | _where(element, base)
    if kind == "file" and title != "File":
        media["file_name"] = title
    if kind == "audio":
        found = NAMES.fullmatch(title or "")
        media |= found.groupdict() if found else {}
    if kind == "sticker":
        media["title"] = status.split(",")[0].strip() or None
    if kind in {"voice", "audio", "video", "round"}:
        media["duration_seconds"] = _seconds(status)
    if kind == "photo" and (size := SIZE.match(status)):
        media |= {"width": int(size[1]), "height": int(size[2])}
    return _files(media)


def _files(media: dict[str, Any]) -> Attached:
    return Attached(media["kind"], {"media": [{name: value for name, value in media.items() if value is not None}]})


def _where(element: LexborNode, base: str) -> dict[str, Any]:
    """State and relative path of a file."""
    if (_said(element, "title") or "").startswith("Self-destructing"):
        return {"state": "unavailable"}
    address = element.attributes.get("href") if element.tag == "a" else None
    if not address:
        return {"state": "not_exported"}
    path = safe_path(address.removeprefix(base))
    return {"state": "available", "path": path} if path else {"state": "unavailable"}


def _previewed(element: LexborNode) -> dict[str, Any]:
    return {"duration_seconds": _seconds(words(inner(element, "video_duration")))}


def _place(element: LexborNode) -> Attached:
    point = POINT.fullmatch(_said(element, "status") or "") or POINT.search(element.attributes.get("href") or "")
    if point is None or abs(float(point[1])) > 90 or abs(float(point[2])) > 180:
        return Attached("location")
    names = classes(element)
    venue = "media_venue" in names
    place = {
        "latitude": float(point[1]),
        "longitude": float(point[2]),
        "title": _said(element, "title") if venue else None,
        "address": _said(element, "description") if venue else None,
        "live": "media_live_location" in names,
    }
    return Attached("location", {"place": place})


def _said(element: LexborNode, name: str) -> str | None:
    return words(inner(element, name))[:SAID] or None


def _seconds(status: str) -> int | None:
    found = LENGTH.match(status)
    return 3600 * int(found[1] or 0) + 60 * int(found[2]) + int(found[3]) if found else None


OTHERS: Final[dict[str, Callable[[LexborNode], Attached]]] = {
    "media_poll": lambda element: Attached("poll", {"poll": poll_of(element)}),
    "media_location": _place,
    "media_live_location": _place,
    "media_venue": _place,
    "media_contact": lambda element: Attached("contact", {"contact_name": _said(element, "title")}),
    "media_call": lambda _: Attached("call"),
}
"""Elements that are no files."""
