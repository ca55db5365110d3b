"""`Told` over the log: every fact about assignments and topics is looked at, and of most only whether it names a message."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import BaseModel

from tg_parser.chassis.log import EventLog
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.subjects import FACTS, fact_filter
from tg_parser.contracts.topics import TopicOpened, TopicsAssigned, TopicUpdated
from tg_parser.topicizer.domain.quoting import CardTold, holds, quoting
from tg_parser.topicizer.ports import Stale


class _Item(BaseModel):
    source_ref: str


class _Assigned(BaseModel):
    items: tuple[_Item, ...]


class _Card(BaseModel):
    title: str
    sources: tuple[str, ...]
    scope_out: tuple[str, ...]


class _Topic(BaseModel):
    topic_id: str
    card: _Card


@dataclass(frozen=True, slots=True)
class ToldInLog:
    """See the port."""

    log: EventLog

    async def stale(self, refs: Collection[str]) -> Stale:
        """See the port."""
        wanted = frozenset(refs)
        assigned: list[int] = []
        cards: list[CardTold] = []
        async for page in self.log.pages(FACTS, fact_filter(TopicsAssigned)):
            assigned += [entry.seq for entry in page if _assigns(entry, wanted)]
            await asyncio.sleep(0)
        for kind in (TopicOpened, TopicUpdated):
            async for page in self.log.pages(FACTS, fact_filter(kind)):
                cards += [_card(entry, wanted) for entry in page]
                await asyncio.sleep(0)
        found = quoting(sorted(cards, key=lambda card: card.seq))
        return Stale(tuple(assigned), found.seqs, tuple(sorted(found.topics)), tuple(sorted(found.neighbours)))


def _assigns(entry: Recorded, refs: frozenset[str]) -> bool:
    return holds((item.source_ref for item in _Assigned.model_validate_json(entry.body).items), refs)


def _card(entry: Recorded, refs: frozenset[str]) -> CardTold:
    told = _Topic.model_validate_json(entry.body)
    card = told.card
    return CardTold(entry.seq, told.topic_id, holds(card.sources, refs), card.title, frozenset(card.scope_out))
