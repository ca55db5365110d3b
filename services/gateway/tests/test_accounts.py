"""Telegram accounts over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tg_parser.contracts.sources import AccountStateChanged, FloodWaited

from .test_sources import Served, served

pytestmark = pytest.mark.servers
__all__ = ["served"]  # the fixture


async def test_an_account_is_shown_as_it_stands_with_the_pauses_that_are_not_over(served: Served) -> None:
    gateway, client = served
    assert (await client.get("/api/v1/accounts")).json() == []
    now = gateway.chassis.clock()
    ended = AccountStateChanged(account="main", state="needs_login", reason="The account main is signed out.", at=now)
    used = AccountStateChanged(account="main", state="signed_in", at=now - timedelta(minutes=5))
    await gateway.chassis.facts.tell_all([used, ended])
    await gateway.chassis.facts.tell(AccountStateChanged(account="other", state="signed_in", at=now))
    for method, seconds in (("getHistory", 20_000), ("getHistory", 60), ("resolveUsername", 30)):
        flood = FloodWaited(
            account="main",
            method=method,
            seconds=seconds,
            at=now - timedelta(seconds=40),
            source_kind="mtproto_history",
            parked=seconds > 60,
        )
        await gateway.chassis.facts.tell(flood)
        now += timedelta(milliseconds=1)
    main, other = (await client.get("/api/v1/accounts")).json()
    assert (main["name"], main["state"], main["reason"]) == ("main", "needs_login", "The account main is signed out.")
    assert [pause["method"] for pause in main["pauses"]] == ["getHistory"]
    assert (other["name"], other["state"], other["pauses"]) == ("other", "signed_in", [])
