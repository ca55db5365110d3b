"""A message as Markdown: everything it shows, for people to read.

CommonMark with `~~` (GitHub's), `<u>` and `<tg-spoiler>`: what a reader does not know of these it shows without its style.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tg_parser.contracts.messages import ForwardOrigin, TelegramMessage
from tg_parser.rendering.attached import SEEN_BESIDE, attached_blocks
from tg_parser.rendering.blocks import Block, Prose, Shown
from tg_parser.rendering.entities import blocks_of, with_plain_line_ends
from tg_parser.rendering.markdown_blocks import markdown_of, paragraphs
from tg_parser.rendering.rich import rich_blocks
from tg_parser.rendering.styled import Range, Styled, joined

TITLES: Final = ("title", "new_title", "sentence")


def markdown(message: TelegramMessage) -> str:
    """The message from top to bottom: where it was forwarded from, its text, what hangs on it, its buttons."""
    return bare_markdown(message.text) if is_bare(message) else markdown_of(_blocks(message))


def bare_markdown(text: str) -> str:
    """A text without any style: what would mean something in Markdown stands for itself."""
    return paragraphs(Styled(with_plain_line_ends(text)))


def is_bare(message: TelegramMessage) -> bool:
    """Whether a message shows nothing but its text as it stands: no style, nothing above it, nothing below."""
    return not (
        message.entities
        or message.rich
        or message.poll
        or message.forwarded_from
        or message.place
        or message.contact_name
        or message.buttons
        or message.kind == "service"
        or any(media.kind not in SEEN_BESIDE for media in message.media)
    )


def _blocks(message: TelegramMessage) -> Iterator[Block]:
    if message.kind == "service":
        yield _service(message)
        return
    if message.forwarded_from:
        yield Prose(_origin(message.forwarded_from))
    if message.text:
        yield from blocks_of(message.text, message.entities)
    if message.rich:
        yield from rich_blocks(message.rich, truncated=bool(message.rich_truncated))
    yield from attached_blocks(message)


def _service(message: TelegramMessage) -> Block:
    detail = message.action_detail or {}
    told = next((detail[name] for name in TITLES if isinstance(detail.get(name), str)), "")
    return Shown((message.action or "service").replace("_", " "), Styled(told))


def _origin(origin: ForwardOrigin) -> Styled:
    """Who said it first, with the address of the very message where it is known."""
    name = origin.name or origin.channel_id or "somebody who hides"
    known = origin.channel_id and origin.channel_id.isdecimal() and origin.message_id
    link = (Range(0, len(name), "link", f"https://t.me/c/{origin.channel_id}/{origin.message_id}"),) if known else ()
    return joined((Styled("Forwarded from "), Styled(name, link)))
