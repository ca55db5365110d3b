"""What hangs on a message besides its text, as blocks: polls, places, contacts, songs and files by name, buttons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tg_parser.contracts.messages import Media, Place, Poll, PollAnswer, TelegramMessage
from tg_parser.rendering.blocks import Block, Item, Listing, Prose, Shown
from tg_parser.rendering.styled import Range, Styled

SEEN_BESIDE: Final = frozenset({"photo", "video", "animation", "round", "voice"})
"""Media that say nothing in words: the caption is all there is to read."""


def hangs_on(message: TelegramMessage) -> bool:
    """Whether anything besides text may hold words."""
    return bool(
        message.poll
        or message.rich
        or message.place
        or message.contact_name
        or (message.media and not message.text.strip())
    )


def attached_blocks(message: TelegramMessage) -> Iterator[Block]:
    """Everything below the text, in the order in which Telegram shows it."""
    if message.poll:
        yield from _poll(message.poll)
    if message.place:
        yield Prose(Styled(words_of_place(message.place) or "[live location]"))
    if message.contact_name:
        yield Shown("contact", Styled(message.contact_name))
    for media in message.media:
        yield from _medium(media)
    if links := [(button.text, button.url) for button in message.buttons if button.url and button.text.strip()]:
        yield Listing(tuple(Item((Prose(Styled(text, (Range(0, len(text), "link", url),))),)) for text, url in links))


def words_of_place(place: Place) -> str:
    """Its name, its address, and where it is, unless it moves."""
    point = "" if place.live else f"{round(place.latitude, 6)}, {round(place.longitude, 6)}"
    return "\n".join(filter(None, (place.title, place.address, point)))


def names_of_files(message: TelegramMessage) -> str:
    """Songs as `performer – title`, files and what else has a name by that, a line each."""
    return "\n".join(filter(None, map(_name, message.media)))


def _name(media: Media) -> str:
    if media.kind in SEEN_BESIDE or media.kind == "sticker":
        return ""
    if media.kind == "file":
        return media.file_name or ""
    return " – ".join(filter(None, (media.performer, media.title))) or media.file_name or ""


def _medium(media: Media) -> Iterator[Block]:
    if media.kind in SEEN_BESIDE:
        return
    if media.kind == "sticker":
        yield Prose(Styled(media.title or "[sticker]"))
    else:  # songs, files; dice, games, invoices, whatever comes next
        yield Shown(media.kind, Styled(_name(media)))


def _poll(poll: Poll) -> Iterator[Block]:
    yield Prose(Styled(poll.question))
    if poll.answers:
        items = (Item((Prose(Styled(_answer(answer, poll.total_voters))),)) for answer in poll.answers)
        yield Listing(tuple(items))


def _answer(answer: PollAnswer, voters: int) -> str:
    """Votes are told where anybody voted and the source knows: none may also mean that results are hidden."""
    return f"{answer.text} — {round(100 * answer.voters / voters)} % ({answer.voters})" if voters > 0 else answer.text
