"""What every `MessageSource` promises, written once and kept by each of them.

A source's own tests inherit `Promises` and say in a fixture `place` where they read. The place has at least thirty messages.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from tg_parser.contracts.messages import RejectedInput, SourceSpec
from tg_parser.ingestor.coverage import holds
from tg_parser.ingestor.domain import ChannelSeen, FloodSeen, MessageSeen, Page, SourceItem
from tg_parser.ingestor.originals import unpack
from tg_parser.ingestor.ports import MessageSource, SourceRefused, Start


@dataclass
class Place:
    """Where to read, and a place of the same kind where there is nothing; `covered` keeps what the log would."""

    source: MessageSource
    spec: SourceSpec
    absent: SourceSpec
    covered: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])

    async def coverage(self, channel_id: str) -> Sequence[tuple[int, int]]:
        return self.covered.get(channel_id, [])

    async def read(self, *, after: Page | None = None, size: int = 7) -> list[Page]:
        """All pages, or those after one."""
        start = Start(self.coverage, after.cursor if after else 0, after.resume if after else "")
        async with aclosing(self.source.pages(self.spec, start, page_size=size)) as pages:
            return [page async for page in pages]


def told(pages: Sequence[Page]) -> list[SourceItem]:
    """Everything that makes facts, in order: chats are introduced again by whoever begins in their middle."""
    return [item for page in pages for item in page.items if not isinstance(item, ChannelSeen | FloodSeen)]


def messages(pages: Sequence[Page]) -> list[MessageSeen]:
    return [item for item in told(pages) if isinstance(item, MessageSeen)]


class Promises:
    """The conformance suite."""

    async def test_the_last_page_and_no_other_has_an_end_that_names_the_chats(self, place: Place) -> None:
        *others, last = await place.read()
        assert [page.end for page in others] == [None] * len(others)
        assert last.end is not None
        assert {item.message.channel_id for item in messages([*others, last])} <= set(last.end.channel_ids)
        assert len(messages([*others, last])) >= 30

    async def test_no_page_holds_more_messages_than_were_asked_for(self, place: Place) -> None:
        assert all(len(told([page])) <= 7 for page in await place.read(size=7))

    async def test_a_chat_is_introduced_before_its_first_message(self, place: Place) -> None:
        known: set[str] = set()
        for page in await place.read():
            for item in page.items:
                if isinstance(item, ChannelSeen):
                    known.add(item.channel_id)
                elif isinstance(item, MessageSeen):
                    assert item.message.channel_id in known
            assert {stretch.channel_id for stretch in page.covered} <= known

    async def test_no_two_messages_have_one_name(self, place: Place) -> None:
        names = [item.message.source_ref for item in messages(await place.read())]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("size", [1, 3, 1000])
    async def test_the_size_of_pages_changes_nothing_that_is_told(self, place: Place, size: int) -> None:
        assert told(await place.read(size=size)) == told(await place.read())

    async def test_a_reading_killed_after_any_page_repeats_nothing_and_loses_nothing(self, place: Place) -> None:
        whole = await place.read(size=11)
        for number, page in enumerate(whole[:-1]):
            rest = await place.read(after=page, size=11)
            assert told(rest) == told(whole[number + 1 :])
            assert (rest[-1].cursor, rest[-1].end) == (whole[-1].cursor, whole[-1].end)

    async def test_the_cursor_counts_what_was_consumed_good_or_bad(self, place: Place) -> None:
        pages = await place.read()
        consumed = 0
        for page in pages:
            consumed += len([item for item in page.items if isinstance(item, MessageSeen | RejectedInput)])
            assert page.cursor >= consumed
        assert [page.cursor for page in pages] == sorted(page.cursor for page in pages)

    async def test_what_is_covered_holds_what_was_told(self, place: Place) -> None:
        for page in await place.read():
            for item in messages([page]):
                number, channel = item.message.message_id, item.message.channel_id
                mine = [(part.first, part.last) for part in page.covered if part.channel_id == channel]
                assert not mine or holds(mine, (number, number))

    async def test_every_message_comes_with_the_digest_of_its_content_and_its_original(self, place: Place) -> None:
        assert place.source.parser_version
        for page in await place.read():
            assert all(item.content_hash == item.message.content_hash() for item in messages([page]))
            kept = {entry.ref for entry in unpack(page.originals)} if page.originals else set[str | None]()
            assert {item.message.source_ref for item in messages([page])} <= kept

    async def test_what_is_not_there_is_refused_in_a_sentence_that_names_it(self, place: Place) -> None:
        place.spec = place.absent
        with pytest.raises(SourceRefused) as refused:
            await place.read()
        sentence = str(refused.value)
        assert place.absent.location.removeprefix("@") in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence

    async def test_who_stops_early_leaves_nothing_running(self, place: Place) -> None:
        async with aclosing(place.source.pages(place.spec, Start(place.coverage), page_size=1)) as pages:
            await anext(pages)
        assert multiprocessing.active_children() == []
        assert not [task for task in asyncio.all_tasks() if "tg_parser/ingestor" in _file_of(task)]


def _file_of(task: asyncio.Task[object]) -> str:
    return str(getattr(task.get_coro(), "cr_code", ""))
