"""One fragment of a page as a message."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError
from selectolax.lexbor import LexborNode

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.desktop_html.context import Context, HtmlChat
from tg_parser.ingestor.adapters.desktop_html.extras import buttons_of, reactions_of
from tg_parser.ingestor.adapters.desktop_html.media import attached
from tg_parser.ingestor.adapters.desktop_html.moments import Local, day_of, local_of
from tg_parser.ingestor.adapters.desktop_html.nodes import child, classes, element_of, elements, name_in, parts, words
from tg_parser.ingestor.adapters.desktop_html.service import UNSUPPORTED, service_of
from tg_parser.ingestor.adapters.desktop_html.text import styled_text
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable

PARSER_VERSION: Final = "desktop_html/1"
"""Counts up with every change of what a fragment becomes."""
DIVIDERS: Final = -500_000_000
"""Dividers between days have the ids -1, -2, …; messages of the basic group a supergroup grew out of have ids around -10⁹."""
LONGEST_NAME: Final = 256
DELETED: Final = frozenset({"Deleted Account", "Deleted"})
REPLY: Final = re.compile(r"#go_to_message(-?\d{1,18})$")
VIA: Final = re.compile(r"(?:(?P<name>.*) )?via @(?P<bot>\w{1,64})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Read:
    """What a fragment became, and what the next one has to know. `message` None: it was a divider."""

    message: TelegramMessage | None
    context: Context


def read_fragment(message_id: int, html: str, chat: HtmlChat, before: Context) -> Read:
    """The message of a fragment. Raises Unreadable with a sentence that says why it is none."""
    element = element_of(html)
    if "service" in classes(element):
        return _service(message_id, element, chat, before)
    body = child(element, "body")
    if body is None:
        raise Unreadable("It has no body.")
    found = parts(body)
    date = child(body, "date")
    local = local_of((date.attributes.get("title") or "") if date else "")
    if local is None:
        raise Unreadable("It has no date.")
    after = _named(found, replace(before, **_clock(local, chat)), joined="joined" in classes(element))
    members: dict[str, Any] = {"channel_id": chat.channel_id, "message_id": message_id, "date": after.last}
    if forwarded := found.get("forwarded"):
        found = found | parts(forwarded)
        after, members["forwarded_from"] = _forwarded(forwarded, after, before, chat)
    else:
        after = replace(after, origin=None)
    members |= _content(found, after, chat) | {"via_bot": after.via_bot}
    return Read(_validated(members), after)


def _service(message_id: int, element: LexborNode, chat: HtmlChat, before: Context) -> Read:
    body = child(element, "body")
    sentence = words(body)
    nobody = replace(before, author=None, via_bot=None, origin=None)
    if DIVIDERS < message_id < 0:
        return Read(None, replace(nobody, day=day_of(sentence) or before.day))
    members: dict[str, Any] = {"channel_id": chat.channel_id, "message_id": message_id, "kind": "unsupported"}
    members["date"] = before.service_date(chat.zone)
    if not sentence.startswith(UNSUPPORTED):
        told = service_of(sentence)
        members |= {"kind": "service", "action": told.action, "action_detail": {"sentence": told.sentence}}
        members["author"] = _author(told.actor, chat)
    return Read(_validated(members), nobody)


def _clock(local: Local, chat: HtmlChat) -> dict[str, Any]:
    offset = None if local.offset is None else int(local.offset.total_seconds() // 60)
    return {"last": local.moment(chat.zone), "offset": offset}


def _named(found: dict[str, LexborNode], context: Context, *, joined: bool) -> Context:
    """Who wrote it: a message joined to the one before leaves it out."""
    name = found.get("from_name")
    if name is None:
        return context if joined else replace(context, author=None, via_bot=None)
    author, bot = _name_and_bot(name_in(name))
    return replace(context, author=author, via_bot=bot)


def _name_and_bot(said: str) -> tuple[str, str | None]:
    found = VIA.fullmatch(said)
    return ((found["name"] or "").strip(), found["bot"]) if found else (said, None)


def _author(name: str | None, chat: HtmlChat) -> str | None:
    if not name or name in DELETED or (chat.speaks_for_itself and name == chat.title):
        return None
    return name[:LONGEST_NAME]


def _forwarded(element: LexborNode, after: Context, before: Context, chat: HtmlChat) -> tuple[Context, dict[str, Any]]:
    """Where it comes from: a forward joined to one of the same origin leaves it out."""
    header = child(element, "from_name")
    if header is None:
        return replace(after, origin=before.origin), {"name": _origin(before.origin)}
    name, bot = _name_and_bot(name_in(header))
    when = child(header, "details")
    local = local_of((when.attributes.get("title") or "") + " " + words(when)) if when else None
    origin = {"name": _origin(name), "date": local.moment(chat.zone) if local else None}
    return replace(after, origin=name, via_bot=bot or after.via_bot), origin


def _origin(name: str | None) -> str | None:
    return None if not name or name in DELETED else name[:LONGEST_NAME]


def _content(found: dict[str, LexborNode], context: Context, chat: HtmlChat) -> dict[str, Any]:
    hanging = attached(found.get("media_wrap"), context.base)
    if hanging.kind == "call":
        return {"kind": "service", "action": "phone_call", "author": _author(context.author, chat)}
    styled = styled_text(found.get("text"))
    content: dict[str, Any] = {"kind": hanging.kind, "text": styled.text, "entities": styled.entities} | hanging.members
    content["author"] = words(found.get("signature"))[:LONGEST_NAME] or _author(context.author, chat)
    content["buttons"] = buttons_of(found.get("bot_buttons_table"))
    content["reactions"] = reactions_of(found.get("reactions"))
    content["reply_to_message_id"] = _reply(found.get("reply_to"))
    return content


def _reply(element: LexborNode | None) -> int | None:
    """The message it answers, on whichever page that is. Of one in another chat nothing is told."""
    for link in elements(element) if element is not None else ():
        if found := REPLY.search(link.attributes.get("href") or ""):
            return int(found[1])
    return None


def _validated(members: dict[str, Any]) -> TelegramMessage:
    try:
        return TelegramMessage.model_validate(members)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"Its {'.'.join(map(str, first['loc']))} is wrong: {first['msg']}.") from invalid
