"""What of a page of posts is told: the messages asked for, newest post first, in pieces no larger than a page may be. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import Final

from tg_parser.contracts.messages import Covered, RejectedInput, SourceSpec
from tg_parser.ingestor.adapters.preview.page import Shown, Widget
from tg_parser.ingestor.coverage import missing
from tg_parser.ingestor.domain import MessageSeen, SourceItem
from tg_parser.ingestor.originals import Original, pack

LONGEST_REASON: Final = 400  # characters


@dataclass(frozen=True, slots=True)
class Step:
    """A message, the post it is in, and which of the post's messages it is."""

    shown: Shown
    widget: Widget
    number: int

    @property
    def completes(self) -> bool:
        """Whether it is the last of its post."""
        return self.number == len(self.widget.messages) - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """The posts of a page that were asked for: `below` the first of them nothing younger is left; `cut`: older ones were not."""

    widgets: tuple[Widget, ...]
    below: int
    cut: bool


def asked_for(widgets: Sequence[Widget], spec: SourceSpec, below: int) -> Asked:
    """The posts of the stretch of time that was asked for. A post without a date is asked for."""
    early_enough = list(dropwhile(lambda widget: _too_late(widget, spec), widgets))
    wanted = tuple(takewhile(lambda widget: not _too_early(widget, spec), early_enough))
    if late := widgets[: len(widgets) - len(early_enough)]:
        below = late[-1].first
    return Asked(wanted, below, cut=len(wanted) < len(early_enough))


def steps(widgets: Sequence[Widget]) -> Iterator[Step]:
    """The messages of posts, those of an album in the order of their ids."""
    for widget in widgets:
        for number, shown in enumerate(widget.messages):
            yield Step(shown, widget, number)


def items(piece: Sequence[Step], channel_id: str, cursor: int) -> Iterator[SourceItem]:
    """The messages as a page of a source has them; `cursor` is the position of the first."""
    for position, step in enumerate(piece, cursor):
        found, message_id = step.shown.found, step.shown.message_id
        if isinstance(found, str):
            reason = found[:LONGEST_REASON]
            yield RejectedInput(position=position, channel_id=channel_id, message_id=message_id, reason=reason)
        else:
            yield MessageSeen(found.message, found.message.content_hash(), found.metrics)


def originals_of(piece: Sequence[Step]) -> bytes:
    """The messages as the page had them."""
    return pack(
        Original(
            None if isinstance(step.shown.found, str) else step.shown.found.message.source_ref, step.shown.original
        )
        for step in piece
    )


def covered(piece: Sequence[Step], channel_id: str, below: int) -> tuple[Covered, ...]:
    """What has been shown with these messages, of all that lies below `below`: posts not yet complete are not, nor unreadable ones.

    A preview never says that a message is gone: what it hides for its content, or for a region, is there all the same.
    """
    complete = [step.widget.first for step in piece if step.completes]
    if not complete or min(complete) >= below:
        return ()
    unread = [(step.shown.message_id, step.shown.message_id) for step in piece if isinstance(step.shown.found, str)]
    stretches = missing(unread, (min(complete), below - 1))
    return tuple(Covered(channel_id=channel_id, first=first, last=last) for first, last in stretches)


def _too_late(widget: Widget, spec: SourceSpec) -> bool:
    return spec.until is not None and widget.date is not None and widget.date >= spec.until


def _too_early(widget: Widget, spec: SourceSpec) -> bool:
    return spec.since is not None and widget.date is not None and widget.date < spec.since
