"""One reading of a source, page by page: ask what is known, decide, keep the originals, tell, commit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.facts import FactWriter
from tg_parser.contracts.messages import Covered, SourceSpec
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import FloodWaited, GapDetected, GapFilled, SourceRead
from tg_parser.ingestor.coverage import gaps, united
from tg_parser.ingestor.deciding import Known, completed, decide_page, unclear, without_erased
from tg_parser.ingestor.domain import (
    ChannelSeen,
    FloodSeen,
    KnownState,
    MessageGone,
    MessageSeen,
    Page,
    Progress,
    Reading,
    SourceEnd,
)
from tg_parser.ingestor.inheriting import names
from tg_parser.ingestor.ports import Knowledge, OriginalsStore


@dataclass(slots=True)
class PageReading:
    """Takes pages in order, and knows how far it has come."""

    reading: Reading
    spec: SourceSpec
    facts: FactWriter
    knowledge: Knowledge
    originals: OriginalsStore
    clock: Clock
    progress: Progress
    _covered: list[Covered] = field(default_factory=list[Covered])

    async def take(self, page: Page) -> None:
        """Make a page safe in the log: its originals, its facts, each confirmed, and only then its commit."""
        channels = {item.channel_id for item in page.items if isinstance(item, ChannelSeen)}
        for channel_id in sorted(channels):
            await self.knowledge.claim(channel_id)
        messages = await self.knowledge.messages(_refs(page))
        page = without_erased(page, messages)
        known = await self._known(page, messages, channels)
        name = await self._keep(page)
        decision = decide_page(page, self.progress, self.reading, known, originals=name)
        await self.facts.tell_all([*self._floods(page), *decision.first])
        await self.facts.tell_all(decision.facts)
        if decision.committed:
            await self.facts.tell(decision.committed)
        self.progress = decision.progress
        self._covered += page.covered
        if page.end:
            await self._end(page.end)

    async def _known(self, page: Page, messages: Mapping[str, KnownState], channels: Collection[str]) -> Known:
        return Known(
            messages,
            await self.knowledge.recorded(unclear(page, messages, self.reading)),
            await self.knowledge.channels(channels),
            {stretch: await self._present(stretch) for stretch in page.covered},
            await self.knowledge.heirlooms(names(page)),
        )

    async def _present(self, stretch: Covered) -> Collection[str]:
        return await self.knowledge.present(stretch) if stretch.exhaustive else ()

    async def _keep(self, page: Page) -> str:
        """The name is the page's own, so that a repeated page replaces its originals."""
        if page.originals is None:
            return ""
        name = f"originals/{self.reading.name}/{self.progress.pages}"
        await self.originals.put(name, page.originals)
        return name

    def _floods(self, page: Page) -> Iterator[Fact]:
        for item in page.items:
            if isinstance(item, FloodSeen):
                yield FloodWaited(
                    account=item.account,
                    method=item.method,
                    seconds=item.seconds,
                    at=self.clock(),
                    source_kind=self.reading.source_kind,
                )

    async def _end(self, end: SourceEnd) -> None:
        """Everything else first: the end of the reading is the last fact of it."""
        facts: list[Fact] = []
        for channel_id in sorted({stretch.channel_id for stretch in self._covered}):
            facts += await self._gaps(channel_id)
        if self.spec.source_id:
            facts.append(
                SourceRead(
                    source_id=self.spec.source_id,
                    at=self.clock(),
                    state="ready",
                    detail=end.truncated or "",
                    channel_ids=end.channel_ids,
                    messages=self.progress.messages,
                )
            )
        await self.facts.tell_all(facts)
        await self.facts.tell(completed(self.progress, end))

    async def _gaps(self, channel_id: str) -> list[Fact]:
        """What this reading changed: its own pages may not be in the tables yet."""
        mine = [(stretch.first, stretch.last) for stretch in self._covered if stretch.channel_id == channel_id]
        now = set(gaps(united([*await self.knowledge.coverage(channel_id), *mine])))
        before = set(await self.knowledge.open_gaps(channel_id))
        filled = [GapFilled(channel_id=channel_id, first=first, last=last) for first, last in sorted(before - now)]
        found = [GapDetected(channel_id=channel_id, first=first, last=last) for first, last in sorted(now - before)]
        return [*filled, *found]


def _refs(page: Page) -> list[str]:
    seen = [item.message.source_ref for item in page.items if isinstance(item, MessageSeen)]
    return seen + [item.source_ref for item in page.items if isinstance(item, MessageGone)]
