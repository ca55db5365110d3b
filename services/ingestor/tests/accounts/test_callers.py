"""Which account is meant, and what is remembered of those whose session has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from telethon import errors
from telethon.tl import functions

from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.adapters.telethon.accounts.callers import Accounts
from tg_parser.ingestor.adapters.telethon.accounts.line import Closed, Line, Patience
from tg_parser.ingestor.adapters.telethon.accounts.sealing import SessionKey
from tg_parser.ingestor.adapters.telethon.accounts.sessions import Session, SessionFolder
from tg_parser.ingestor.adapters.telethon.accounts.states import AccountState
from tg_parser.ingestor.ports import SourceRefused

from .fakes import FakeClient, FakeLeases, patient, session

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class States:
    """States in memory. `away`: they cannot be kept."""

    known: dict[str, AccountState] = field(default_factory=dict[str, AccountState])
    away: bool = False

    async def of(self, account: str) -> AccountState | None:
        return self.known.get(account)

    async def keep(self, state: AccountState) -> None:
        if self.away:
            raise TransientError("Postgres does not answer.")
        self.known[state.account] = state


@dataclass
class Bench:
    """Accounts over a folder; `clients` are the connections they make."""

    folder: SessionFolder
    states: States = field(default_factory=States)
    leases: FakeLeases = field(default_factory=FakeLeases)
    clients: list[FakeClient] = field(default_factory=list[FakeClient])
    made: list[Session] = field(default_factory=list[Session])
    opened: list[Accounts] = field(default_factory=list[Accounts])
    accounts: Accounts = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = self.restarted()

    def restarted(self) -> Accounts:
        limiter = patient()

        def line(session: Session, closed: Closed) -> Line:
            def make() -> FakeClient:
                self.made.append(session)
                return self.clients[len(self.made) - 1]

            return Line(session, make, self.leases, limiter, Patience(5, 5), closed, lambda: 0.0)

        async def kept() -> None:
            """Nobody keeps pauses here."""

        self.opened.append(Accounts(self.folder, self.states, line, kept, lambda: NOW))
        return self.opened[-1]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(SessionFolder(tmp_path / "sessions", SessionKey(SecretStr(""), tmp_path / "session.key")))
    yield made
    for accounts in made.opened:
        await accounts.close()


async def test_the_only_account_is_meant_if_none_is_named(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient(answers=["answer"])]
    caller = await bench.accounts.of("")
    assert caller.account == "main"
    assert await caller(functions.help.GetConfigRequest(), "getHistory", "@news") == "answer"
    assert bench.states.known["main"].state == "signed_in"


async def test_without_accounts_a_person_has_to_sign_one_in(bench: Bench) -> None:
    with pytest.raises(SourceRefused, match="`tg-parser login`") as refused:
        await bench.accounts.of("")
    assert refused.value.cause == "needs_login"


async def test_one_of_several_has_to_be_named(bench: Bench) -> None:
    bench.folder.write(session("a"))
    bench.folder.write(session("b"))
    with pytest.raises(SourceRefused, match=r"a, b"):
        await bench.accounts.of("")


async def test_an_account_that_is_not_there_is_named(bench: Bench) -> None:
    bench.folder.write(session())
    with pytest.raises(SourceRefused, match="The account second is not signed in") as refused:
        await bench.accounts.of("second")
    assert refused.value.cause == "needs_login"


async def test_an_ended_session_is_remembered_by_the_next_process_until_a_new_one_lies_there(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient(me=errors.SessionRevokedError(request=None)), FakeClient()]
    for accounts in (bench.accounts, bench.restarted()):
        with pytest.raises(SourceRefused, match="signed out") as refused:
            await accounts.of("main")
        assert refused.value.cause == "needs_login"
    assert len(bench.made) == 1
    again = bench.restarted()
    bench.folder.write(session(secret="another"))
    await again.of("main")
    assert [made.secret.get_secret_value() for made in bench.made] == ["secret", "another"]
    assert bench.states.known["main"].state == "signed_in"


async def test_a_ban_is_remembered_as_one(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient(me=errors.UserDeactivatedBanError(request=None))]
    for accounts in (bench.accounts, bench.restarted()):
        with pytest.raises(SourceRefused, match="banned") as refused:
            await accounts.of("main")
        assert refused.value.cause == "banned"


async def test_an_end_that_cannot_be_kept_is_at_least_known_to_this_process(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient(me=errors.SessionRevokedError(request=None))]
    bench.states.away = True
    for _ in range(2):
        with pytest.raises(SourceRefused):
            await bench.accounts.of("main")
    assert len(bench.made) == 1


async def test_a_new_session_takes_the_place_of_the_one_in_use(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient(), FakeClient()]
    await bench.accounts.of("main")
    await bench.accounts.of("main")
    bench.folder.write(session(secret="another"))
    await bench.accounts.of("main")
    assert [client.connected for client in bench.clients] == [False, True]
    assert bench.leases.events == ["taken", "given back", "taken"]


async def test_an_account_that_was_signed_out_is_disconnected(bench: Bench) -> None:
    bench.folder.write(session())
    bench.clients = [FakeClient()]
    await bench.accounts.of("main")
    bench.folder.remove("main")
    with pytest.raises(SourceRefused):
        await bench.accounts.of("main")
    assert not bench.clients[0].connected
    assert bench.leases.held == {}


async def test_closing_gives_every_session_back(bench: Bench) -> None:
    bench.folder.write(session("a"))
    bench.folder.write(session("b", "other"))
    bench.clients = [FakeClient(), FakeClient()]
    await bench.accounts.of("a")
    assert await bench.accounts.listening("b") == 1
    await bench.accounts.close()
    assert bench.leases.held == {}
    assert not any(client.connected for client in bench.clients)
