"""A reader who keeps what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.preview.source import PublicPreviews
from tg_parser.ingestor.domain import MessageSeen, Page, SourceItem
from tg_parser.ingestor.ports import Start


@dataclass
class Reader:
    """Reads to the end, or to the page with the given number."""

    previews: PublicPreviews
    coverage: tuple[tuple[int, int], ...] = ()
    pages: list[Page] = field(default_factory=list[Page])

    async def __call__(
        self, *, cursor: int = 0, resume: str = "", page_size: int = 100, most: int = 1000, **spec: object
    ) -> list[Page]:
        asked = SourceSpec.model_validate({"kind": "web_preview", "location": "city_news"} | spec)

        async def covered(channel_id: str) -> tuple[tuple[int, int], ...]:
            assert channel_id == "1234567890"
            return self.coverage

        self.pages = []
        stream = self.previews.pages(asked, Start(covered, cursor, resume), page_size=page_size)
        try:
            async for page in stream:
                self.pages.append(page)
                if len(self.pages) == most:
                    break
        finally:
            await stream.aclose()
        return self.pages


def ids(pages: Sequence[Page]) -> list[int]:
    """The messages told, by their numbers."""
    return [item.message.message_id for item in told(pages) if isinstance(item, MessageSeen)]


def told(pages: Sequence[Page]) -> list[SourceItem]:
    """Everything told, in its order."""
    return [item for page in pages for item in page.items]
