"""`MessageSource` over the public preview of channels.

The newest posts come first, twenty to a request, each request for what is older than the last. A preview shows less than Telegram
knows: no comments, no time of an edit (an edit is seen by its content), and an album's text under its first picture whichever it
was written under. Which channel a name means is asked of every page; see `identity`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from tg_parser.chassis.clock import Clock, system_clock
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.preview.albums import POST
from tg_parser.ingestor.adapters.preview.identity import bare_id, channel_of
from tg_parser.ingestor.adapters.preview.landing import refusal
from tg_parser.ingestor.adapters.preview.location import channel_name
from tg_parser.ingestor.adapters.preview.markup import fragment
from tg_parser.ingestor.adapters.preview.page import PreviewPage, read_page
from tg_parser.ingestor.adapters.preview.post import PARSER_VERSION
from tg_parser.ingestor.adapters.preview.site import METHOD, Flooded, Site, Sleep
from tg_parser.ingestor.adapters.preview.unreadable import Unreadable
from tg_parser.ingestor.adapters.preview.walk import Walk
from tg_parser.ingestor.domain import FloodSeen, Page
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceRefused, Start

SITE: Final = "https://t.me"
HEADERS: Final = {"Accept-Language": "en", "User-Agent": "Mozilla/5.0 (compatible; TG_parser)"}
"""English, because counters and notices come in the reader's language."""
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)  # seconds
MOST_MOVES: Final = 4


@asynccontextmanager
async def open_previews(limiter: Limiter, *, site: str = SITE) -> AsyncIterator[PublicPreviews]:
    """Previews of the site at this address, with connections of their own until the block ends."""
    async with httpx.AsyncClient(base_url=site, headers=HEADERS, timeout=TIMEOUT) as client:
        yield PublicPreviews(client, limiter)


class PublicPreviews:
    """Reads channels at their public preview."""

    def __init__(
        self, client: httpx.AsyncClient, limiter: Limiter, *, clock: Clock = system_clock, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client, self._limiter, self._clock, self._sleep = client, limiter, clock, sleep

    @property
    def parser_version(self) -> str:
        """See the port."""
        return PARSER_VERSION

    async def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        """See the port. A preview that ends in the middle, because its channel went private, is told as broken off."""
        site = Site(self._client, self._limiter, self._clock, self._sleep)
        posts = _Posts(site, channel_name(spec.location), bare_id(spec.channel_id))
        walk = Walk(spec, start.cursor, start.resume, page_size)
        if page := walk.reintroduced():
            yield page
        coverage = await _coverage(spec, start, walk)
        walk.go_on(coverage or ())
        while not walk.ended:
            try:
                shown = await posts.page(walk.before, walk.channel_id)
            except Flooded as flood:
                self._limiter.flooded(METHOD, "", flood.seconds)
                yield walk.flooded(FloodSeen(METHOD, flood.seconds))
                continue
            except SourceRefused as refused:
                if walk.channel_id is None:
                    raise
                yield walk.last(str(refused))
                return
            for page in walk.take(shown):
                yield page
            if coverage is None:
                coverage = await _coverage(spec, start, walk)
            walk.go_on(coverage or ())
        yield walk.last()


async def _coverage(spec: SourceSpec, start: Start, walk: Walk) -> Sequence[tuple[int, int]] | None:
    """What need not be read again: nothing if everything is asked for; None as long as nobody knows the channel."""
    if spec.mode == "snapshot":
        return ()
    return None if walk.channel_id is None else await start.coverage(walk.channel_id)


@dataclass(frozen=True, slots=True)
class _Posts:
    """The pages of one channel's posts."""

    site: Site
    name: str
    believed: str | None

    async def page(self, before: int | None, channel_id: str | None) -> PreviewPage:
        """The posts below an id, or the newest ones. Raises Flooded and SourceRefused, besides what `Site.get` raises."""
        markup = await self._markup({} if before is None else {"before": before})
        page = await self._read(markup, channel_id or self.believed)
        if page.channel_id is None and page.widgets:
            return await self._read(markup, await self._number(page))
        return page

    async def _markup(self, params: Mapping[str, int]) -> str:
        path = f"/s/{self.name}"
        for _ in range(MOST_MOVES):
            answer = await self.site.get(path, params)
            if answer.moved_to is None:
                return answer.markup
            if not answer.moved_to.startswith("/s/"):
                break
            path = answer.moved_to
        else:
            raise SourceRefused(f"t.me sends whoever asks for @{self.name} round in circles.")
        landing = await self.site.get(f"/{self.name}") if answer.moved_to else answer
        raise refusal(landing.markup, self.name)

    async def _read(self, markup: str, channel_id: str | None) -> PreviewPage:
        """Beside the event loop: twenty long posts take as long as a hundred requests of others."""
        try:
            page = await asyncio.to_thread(read_page, markup, self.name, channel_id=channel_id)
        except Unreadable as unreadable:
            raise SourceRefused(f"The preview of @{self.name} is not as it used to be: {unreadable}.") from unreadable
        if page is None:
            raise refusal(markup, self.name)
        return page

    async def _number(self, page: PreviewPage) -> str | None:
        """The channel's number as one post alone tells it, where a page of them does not."""
        path, params = f"/{page.name}/{page.widgets[0].first}", {"embed": 1, "mode": "tme"}
        alone = fragment((await self.site.get(path, params)).markup, POST)
        return channel_of(alone) if alone is not None else None
