"""A message's words: what models read, what is searched and compared. No markup, no addresses that are not shown.

Addresses that are written out stay as they are written: a quote has to be found in the text, and a link followed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.rendering.attached import hangs_on, names_of_files, words_of_place
from tg_parser.rendering.blocks import (
    Block,
    Formula,
    Heading,
    Listing,
    Preformatted,
    Prose,
    Quote,
    Rule,
    Shown,
    Table,
)
from tg_parser.rendering.rich import rich_blocks

PLAIN_VERSION: Final = 1
"""Raised whenever the same message may have other words, so that documents made of the old ones are made anew."""
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Soft hyphens, spaces and joiners without width, marks of direction. The joiners of emoji and scripts are not among them."""


def plain(message: TelegramMessage) -> str:
    """The words of a message: its text, or caption; those of a rich message, a poll, a place, a contact.

    A file or a song alone goes by its name. Empty if there are no words: a picture, a sticker, a service message. Two
    messages that say the same have the same words, whoever forwarded them and however many voted.
    """
    if message.kind == "service":
        return ""
    if not hangs_on(message):
        return clean(message.text)
    return clean("\n\n".join(_parts(message))) or clean(names_of_files(message))


def own_words(message: TelegramMessage) -> str:
    """The same without the names of files: what one item of an album says of itself."""
    if message.kind == "service":
        return ""
    return clean("\n\n".join(_parts(message))) if hangs_on(message) else clean(message.text)


def clean(text: str) -> str:
    """`text` in NFC, with a line feed at every line's end, without what has no width and without spaces around it."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    return text.strip()


def plain_of(blocks: Iterable[Block]) -> str:
    """The words of blocks, one under the other."""
    return "\n\n".join(filter(None, map(_words, blocks)))


def _parts(message: TelegramMessage) -> list[str]:
    parts = [message.text]
    if message.rich:
        parts.append(plain_of(rich_blocks(message.rich)))
    if message.poll:
        parts += [message.poll.question, "\n".join(f"- {answer.text}" for answer in message.poll.answers)]
    if message.place:
        parts.append(words_of_place(message.place))
    parts.append(message.contact_name or "")
    return [part for part in parts if part.strip()]


def _words(block: Block) -> str:
    match block:
        case Prose() | Heading():
            words = block.content.text.strip()
        case Preformatted():
            words = block.text.strip("\n")
        case Quote():
            words = plain_of(block.blocks)
        case Listing():
            words = "\n".join(f"{_sign(block, at)} {plain_of(item.blocks)}" for at, item in enumerate(block.items))
        case Table():
            words = "\n".join(" | ".join(cell.text.replace("\n", " ") for cell in row) for row in block.rows)
        case Formula():
            words = block.source.strip()
        case Shown():
            words = block.caption.text.strip()
        case Rule():
            words = ""
    return words


def _sign(listing: Listing, at: int) -> str:
    return "-" if listing.first is None else f"{listing.first + at}."
