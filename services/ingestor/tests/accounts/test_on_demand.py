"""Accounts are put together at the first one there is, and not before."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.telethon.on_demand import PARSER_VERSION, AccountReading, AccountsOnDemand
from tg_parser.ingestor.domain import Page, SourceEnd
from tg_parser.ingestor.ports import MessageSource, SourceRefused, Start
from tg_parser.testkit.waiting import eventually

SPEC = SourceSpec(kind="mtproto_history", location="@news")
LAST = Page((), 0, SourceEnd(("1",)))


@dataclass
class Stand:
    """Who is signed in, and what was put together for them."""

    names: list[str] = field(default_factory=list[str])
    log: list[str] = field(default_factory=list[str])

    parser_version: str = PARSER_VERSION

    @property
    def source(self) -> MessageSource:
        return self

    async def pages(self, spec: SourceSpec, start: Start, *, page_size: int) -> AsyncGenerator[Page]:
        yield LAST

    async def changed(self) -> None:
        self.log.append("changed")

    async def listen(self) -> None:
        self.log.append("listens")
        await asyncio.Event().wait()

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[AccountReading]:
        self.log.append("opened")
        yield self
        self.log.append("closed")

    def on_demand(self) -> AccountsOnDemand:
        return AccountsOnDemand(lambda: self.names, self.opening)


async def covered(channel_id: str) -> Sequence[tuple[int, int]]:
    return ()


async def read(source: AccountsOnDemand) -> list[Page]:
    async with aclosing(source.pages(SPEC, Start(covered), page_size=10)) as pages:
        return [page async for page in pages]


async def test_nothing_is_put_together_for_nobody_and_a_reading_says_so() -> None:
    stand = Stand()
    async with stand.on_demand() as accounts:
        with pytest.raises(SourceRefused, match="No Telegram account is signed in") as refused:
            await read(accounts)
        await accounts.changed()
    assert refused.value.cause == "needs_login"
    assert stand.log == []


async def test_who_signs_in_later_is_read_with_and_only_one_reading_is_put_together() -> None:
    stand = Stand()
    async with stand.on_demand() as accounts:
        stand.names.append("main")
        assert await asyncio.gather(read(accounts), read(accounts)) == [[LAST], [LAST]]
        await accounts.changed()
    assert stand.log == ["opened", "changed", "closed"]


async def test_who_is_signed_in_at_the_start_listens_at_once() -> None:
    stand = Stand(["main"])
    async with stand.on_demand() as accounts:
        assert stand.log == ["opened"]
        listening = asyncio.create_task(accounts.listen())
        await eventually(lambda: "listens" in stand.log)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert stand.log == ["opened", "listens", "closed"]


def test_an_ingestor_without_accounts_does_not_load_telethon() -> None:
    code = "import sys, tg_parser.ingestor.main; print('telethon' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
