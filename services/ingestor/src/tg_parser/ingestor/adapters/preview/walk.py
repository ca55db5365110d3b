"""A reading of a channel's preview, from its newest post backwards: pages of posts in, pages of a source out. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tg_parser.contracts.messages import Covered, SourceSpec
from tg_parser.ingestor.adapters.preview.identity import bare_id
from tg_parser.ingestor.adapters.preview.marks import Mark, mark_of, next_before
from tg_parser.ingestor.adapters.preview.page import PreviewPage, Widget
from tg_parser.ingestor.adapters.preview.steps import Step, asked_for, covered, items, originals_of, steps
from tg_parser.ingestor.domain import ChannelSeen, FloodSeen, Page, SourceEnd, SourceItem
from tg_parser.ingestor.ports import SourceRefused

CHANNEL_TYPE: Final = "public_channel"
ASKED_AGAIN: Final = 2
"""Times a page without posts is asked for again where there should be some: t.me answers so to those who ask too often."""


class Walk:
    """Where a reading stands, and what it tells of each page of posts."""

    def __init__(self, spec: SourceSpec, cursor: int, resume: str, page_size: int) -> None:
        self._spec, self._cursor, self._resume, self._size = spec, cursor, resume, page_size
        self._mark = mark_of(resume)
        self._introduced = False
        self._empty = 0
        self._beginning: tuple[Covered, ...] = ()
        self._truncated: str | None = None
        self.ended = self._full() or (self._mark is not None and self._mark.before <= 1)

    @property
    def before(self) -> int | None:
        """Below which id posts are asked for next; None: the newest ones."""
        return self._mark.before if self._mark else None

    @property
    def channel_id(self) -> str | None:
        """The channel, once it is known."""
        return self._mark.channel_id if self._mark else None

    def reintroduced(self) -> Page | None:
        """The channel again, if the reading begins in the middle of it; what it is called is known from its beginning."""
        if self._mark is None:
            return None
        return Page((ChannelSeen(self._mark.channel_id, "", CHANNEL_TYPE),), self._cursor, resume=self._resume)

    def flooded(self, flood: FloodSeen) -> Page:
        """A pause that has to be kept, told at once."""
        return Page((flood,), self._cursor, resume=self._resume)

    def take(self, page: PreviewPage) -> Iterator[Page]:
        """What a page of posts adds. Raises SourceRefused if it is of another channel than the one that was read so far."""
        channel_id = self._identified(page)
        widgets = [widget for widget in page.widgets if self.before is None or widget.first < self.before]
        if not widgets:
            self._nothing(page)
            return
        self._empty = 0
        asked = asked_for(widgets, self._spec, self._untold(widgets))
        wanted = self._wanted(asked.widgets)
        mark = Mark(
            channel_id=channel_id,
            before=asked.below,
            older=page.older,
            newest=self._mark.newest if self._mark else widgets[0].date,
            oldest=widgets[-1].date,
        )
        channel = ChannelSeen(channel_id, page.title, CHANNEL_TYPE, username=page.name)
        if not wanted:
            yield self._told(channel, (), mark, asked.below)
        below = asked.below
        for begin in range(0, len(wanted), self._size):
            piece = wanted[begin : begin + self._size]
            untold = min([step.widget.first for step in piece if step.completes], default=below)
            yield self._told(channel, piece, mark.after(piece[-1], untold), below)
            below = untold
        self.ended = asked.cut or self._full() or widgets[-1].first <= 1

    def go_on(self, coverage: Sequence[tuple[int, int]]) -> None:
        """Leave out what is covered already, and old enough to be believed as it was."""
        mark = self._mark
        if self.ended or mark is None or mark.skip or mark.recent:
            return
        before = next_before(coverage, mark.before)
        self.ended = before <= 1
        if before != mark.before:
            self._mark = mark.model_copy(update={"before": before, "older": False})

    def last(self, broken_off: str | None = None) -> Page:
        """The end: `broken_off` says in a sentence why it is not the channel's own, if it is not."""
        channels = (self.channel_id,) if self.channel_id else ()
        end = SourceEnd(channels, broken_off or self._truncated)
        return Page((), self._cursor, end, self._resume, self._beginning)

    def _told(self, channel: ChannelSeen, piece: Sequence[Step], mark: Mark, below: int) -> Page:
        introduction: tuple[SourceItem, ...] = () if self._introduced else (channel,)
        told = (*introduction, *items(piece, channel.channel_id, self._cursor))
        self._introduced = True
        self._cursor += len(piece)
        self._mark, self._resume = mark, mark.model_dump_json(exclude_defaults=True)
        shown = covered(piece, channel.channel_id, below)
        return Page(told, self._cursor, None, self._resume, shown, originals_of(piece) if piece else None)

    def _wanted(self, widgets: Sequence[Widget]) -> Sequence[Step]:
        """Without what was told before an interruption, and no more than was asked for."""
        wanted = list(steps(widgets))
        if self._mark and widgets and widgets[0].first == self._mark.before - 1:
            wanted = wanted[self._mark.skip :]
        return wanted if self._spec.limit is None else wanted[: self._spec.limit - self._cursor]

    def _untold(self, widgets: Sequence[Widget]) -> int:
        """Below which id not everything has been told."""
        if self._mark is None:
            return max(widget.last for widget in widgets) + 1
        return self._mark.untold or self._mark.before

    def _full(self) -> bool:
        return self._spec.limit is not None and self._cursor >= self._spec.limit

    def _identified(self, page: PreviewPage) -> str:
        """The channel a page is of, which has to be the same as ever: a user name may go to another one."""
        expected = self.channel_id or bare_id(self._spec.channel_id)
        if page.channel_id and expected and page.channel_id != expected:
            raise SourceRefused(
                f"t.me/s/{page.name} is no longer the channel {expected}: the name belongs to {page.channel_id} now.",
                "identity_changed",
            )
        if not (channel_id := page.channel_id or expected) and page.widgets:
            raise SourceRefused(f"t.me/s/{page.name} does not tell the number of its channel, which has to be given.")
        return channel_id or ""

    def _nothing(self, page: PreviewPage) -> None:
        """A page without posts is believed where nothing says that there are some, or when it comes again and again."""
        if (self._mark is None or self._mark.older or page.widgets) and self._empty < ASKED_AGAIN:
            self._empty += 1
            return
        self.ended = True
        if self._mark is None:
            self._truncated = f"t.me shows no posts of @{page.name}."
        elif self._mark.older or page.widgets:
            self._truncated = (
                f"t.me shows no posts of @{page.name} before {self._mark.before}, although it says there are some."
            )
        elif self._mark.before > 1:
            self._beginning = (Covered(channel_id=self._mark.channel_id, first=1, last=self._mark.before - 1),)
