"""Putting the accounts together: sessions, leases, lines, and everything closed again at the end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from tg_parser.chassis.chassis import Chassis
from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.accounts.client import Hear, connection, proxy_of, trust_server
from tg_parser.ingestor.adapters.telethon.accounts.lease import Terms, open_leases
from tg_parser.ingestor.adapters.telethon.accounts.line import Line, Patience
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, folder_of
from tg_parser.ingestor.adapters.telethon.accounts.states import AccountStates, ToldStates
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceRefused
from tg_parser.ingestor.settings import AccountSettings


@asynccontextmanager
async def open_accounts(
    chassis: Chassis,
    settings: AccountSettings,
    limiter: Limiter,
    kept: Callable[[], Awaitable[None]],
    *,
    hears: Callable[[str], Hear] | None = None,
    terms: Terms | None = None,
) -> AsyncIterator[Accounts]:
    """The accounts, none of them connected before it is needed, all of them disconnected at the end.

    `hears`: who is told of the updates of an account. Raises BadConnectionSetting if a setting cannot be used.
    """
    await asyncio.to_thread(trust_server, settings.server_key_file)
    proxy_of(settings.proxy)
    holder = f"{chassis.instance} on {socket.gethostname()}"
    async with open_leases(chassis.require_database(), holder, terms=terms) as leases:

        def line(session: Session, closed: Callable[[SourceRefused], Awaitable[None]]) -> Line:
            hear = hears(session.account) if hears else None
            make = partial(connection, settings, session, limiter, hear)
            patience = Patience(settings.connect_timeout_s, settings.request_timeout_s)
            return Line(session, make, leases, limiter, patience, closed, asyncio.get_running_loop().time)

        states = ToldStates(AccountStates(chassis.require_database()), chassis.facts)
        accounts = Accounts(folder_of(settings), states, line, kept, chassis.clock)
        try:
            yield accounts
        finally:
            await accounts.close()
