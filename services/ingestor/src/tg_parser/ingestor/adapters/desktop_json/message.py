"""One row of an export as a message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.desktop_json.attached import attached
from tg_parser.ingestor.adapters.desktop_json.chats import Chat, peer_id
from tg_parser.ingestor.adapters.desktop_json.media import media_of
from tg_parser.ingestor.adapters.desktop_json.service import action_detail
from tg_parser.ingestor.adapters.desktop_json.text import plain_text, styled_text
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

LONGEST_NAME: Final = 256
MOST_ANSWERS: Final = 100
PARSER_VERSION: Final = "desktop_json/3"
"""Counts up with every change of what a row becomes."""


def message_of(row: Any, chat: Chat) -> TelegramMessage:
    """The message of a row. Raises Unreadable with a sentence that says why it is none."""
    if not isinstance(row, dict):
        raise Unreadable("It is not an object.")
    members = _members(row, chat)
    try:
        return TelegramMessage.model_validate(members)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}.") from invalid


def message_id_of(row: Any) -> int | None:
    """The id of a row, if it has one. Negative ones are real: they are of the basic group that became this supergroup."""
    number = row.get("id") if isinstance(row, dict) else None
    return number if type(number) is int and abs(number) < 1 << 53 else None


def _members(row: dict[str, Any], chat: Chat) -> dict[str, Any]:
    members: dict[str, Any] = {"channel_id": chat.channel_id, "message_id": message_id_of(row)}
    if members["message_id"] is None:
        raise Unreadable("It has no id.")
    kind = row.get("type")
    if kind == "message":
        members |= _content(row)
    elif kind == "service":
        members |= {
            "kind": "service",
            "action": str(row.get("action"))[:LONGEST_NAME],
            "action_detail": action_detail(row),
        }
    elif kind == "unsupported":
        members["kind"] = "unsupported"
    else:
        raise Unreadable(f"It has the type {str(kind)[:50]!r}, which is not known.")
    members["date"] = _date(row)
    members["author"] = _author(row, chat)
    members["sender_id"] = peer_id(row.get("from_id") or row.get("actor_id"))
    return members | _relations(row, chat)


def _content(row: dict[str, Any]) -> dict[str, Any]:
    styled = styled_text(row)
    kind, media = media_of(row)
    content: dict[str, Any] = {"kind": kind, "text": styled.text, "entities": styled.entities, "media": media}
    content |= attached(row)
    if "edited_unixtime" in row:
        content["edited_at"] = moment(row["edited_unixtime"])
    if isinstance(row.get("poll"), dict):
        content["poll"] = _poll(row["poll"])
    if isinstance(row.get("reactions"), list):
        content["reactions"] = _reactions(row["reactions"])
    return content


def moment(value: Any) -> datetime | None:
    """The moment of a `…_unixtime`, which is a string in some versions and a number in others; None if it is neither."""
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _date(row: dict[str, Any]) -> datetime:
    """Only `date_unixtime` is a moment: `date` is local time where it was exported, zone unknown.

    Exports of 2021 and before have nothing else.
    """
    date = moment(row.get("date_unixtime"))
    if date is not None:
        return date
    if "date_unixtime" in row:
        raise Unreadable(f"Its date_unixtime is {str(row['date_unixtime'])[:50]!r}, which is no moment.")
    if "date" in row:
        raise Unreadable(
            "It has no date_unixtime, and its date is a local time of an unknown place. "
            "An export made with a current Telegram Desktop has both."
        )
    raise Unreadable("It has no date.")


def _author(row: dict[str, Any], chat: Chat) -> str | None:
    """Who wrote it: a channel's post only if it is signed, since its `from` is the channel."""
    name = row.get("author") or (None if chat.broadcast else row.get("from") or row.get("actor"))
    return name[:LONGEST_NAME] if isinstance(name, str) else None


def _relations(row: dict[str, Any], chat: Chat) -> dict[str, Any]:
    relations: dict[str, Any] = {}
    reply = row.get("reply_to_message_id")
    elsewhere = peer_id(row.get("reply_to_peer_id"))
    if type(reply) is int:
        relations["reply_to_message_id"] = reply
        relations["reply_to_channel_id"] = None if elsewhere == chat.channel_id else elsewhere
    bot = row.get("via_bot")
    if isinstance(bot, str) and bot:
        relations["via_bot"] = bot.removeprefix("@")[:LONGEST_NAME]
    origin = next((member for member in ("forwarded_from", "saved_from") if member in row), None)
    if origin:
        name, peer = row[origin], peer_id(row.get(f"{origin}_id"))
        relations["forwarded_from"] = {
            "name": name[:LONGEST_NAME] if isinstance(name, str) else None,  # null where the sender hides
            "channel_id": None if peer is None or peer.startswith("user") else peer,
            "date": moment(row.get("forwarded_date_unixtime")),
        }
    return relations


def _poll(poll: dict[str, Any]) -> dict[str, Any]:
    answers = poll.get("answers")
    return {
        "question": plain_text(poll.get("question")),
        "closed": poll.get("closed") is True,
        "total_voters": _votes(poll.get("total_voters")),
        "answers": [
            {"text": plain_text(answer.get("text")), "voters": _votes(answer.get("voters"))}
            for answer in (answers if isinstance(answers, list) else [])[:MOST_ANSWERS]
            if isinstance(answer, dict)
        ],
    }


def _reactions(reactions: list[Any]) -> dict[str, int]:
    """How many of each. Who reacted is not kept."""
    counts: dict[str, int] = {}
    for reaction in reactions:
        if isinstance(reaction, dict):
            name = reaction.get("emoji") or reaction.get("document_id") or reaction.get("type")
            counts[str(name)[:LONGEST_NAME]] = _votes(reaction.get("count"))
    return counts


def _votes(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0
