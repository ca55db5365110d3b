"""A message's text and its styled ranges. Telegram counts in UTF-16 code units; an export has no offsets at all."""

from __future__ import annotations

from typing import Any, Final

from tg_parser.ingestor.adapters.exports.styled import LONGEST_URL, StyledText, checked, utf16_length

PLAIN: Final = "plain"

Part = tuple[str, str, dict[str, Any]]
NOTHING: Final[dict[str, Any]] = {}


def styled_text(row: dict[str, Any]) -> StyledText:
    """The text of a message. `text_entities` wins over `text` where both are there: it is whole in every version that has it.

    Raises Unreadable if it is longer than any message can be.
    """
    parts = _parts(row.get("text_entities")) or _parts(row.get("text"))
    return checked("".join(part[1] for part in parts), _entities(parts))


def plain_text(value: Any) -> str:
    """The text of a value that is a string, a list of parts, or one part: a poll's question is any of these."""
    return "".join(part[1] for part in _parts(value))


def _parts(value: Any) -> list[Part]:
    """Type, text and members of each part; NUL characters, which no table can hold, are left out."""
    if isinstance(value, str):
        return [(PLAIN, value.replace("\0", ""), NOTHING)] if value else []
    if isinstance(value, dict):
        return [_part(value)]
    return [_part(part) for part in value] if isinstance(value, list) else []


def _part(part: Any) -> Part:
    if isinstance(part, dict):
        text = part.get("text")
        return str(part.get("type") or PLAIN), text.replace("\0", "") if isinstance(text, str) else "", part
    return PLAIN, part.replace("\0", "") if isinstance(part, str) else "", NOTHING


def _entities(parts: list[Part]) -> list[dict[str, Any]]:
    offset = 0
    entities: list[dict[str, Any]] = []
    for kind, text, members in parts:
        length = utf16_length(text)
        if kind != PLAIN and length:
            entities.append({"type": kind, "offset": offset, "length": length, **_details(members)})
        offset += length
    return entities


def _details(members: dict[str, Any]) -> dict[str, Any]:
    if len(members) <= 2:  # type and text: nothing more to say, as with most
        return NOTHING
    details: dict[str, Any] = {}
    href, language = members.get("href"), members.get("language")
    if isinstance(href, str) and len(href) <= LONGEST_URL:
        details["url"] = href
    if isinstance(language, str):
        details["language"] = language[:64]
    for name in ("user_id", "document_id"):
        if isinstance(members.get(name), (str, int)):
            details[name] = str(members[name])[:256]
    if members.get("collapsed") is True:
        details["collapsed"] = True
    return details
