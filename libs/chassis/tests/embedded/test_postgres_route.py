"""How root runs Postgres, which refuses root: each way on its own, and one after the other on the same data."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest

from tg_parser.chassis.embedded import postgres_route
from tg_parser.chassis.embedded.errors import EmbeddedServerError
from tg_parser.chassis.embedded.postgres_route import Route, as_nobody, choose_route, in_namespace
from tg_parser.chassis.embedded.postgres_server import PostgresServer, start_postgres

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else"),
]

Choice = Callable[[Path, AsyncExitStack], Awaitable[Route]]


async def namespaced(home: Path, stack: AsyncExitStack) -> Route:
    del home, stack
    return in_namespace()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder for Postgres below one that is closed to everybody but root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "postgres").mkdir()
    return closed / "postgres"


async def count(server: PostgresServer) -> int:
    database = await asyncpg.connect(server.dsn)
    await database.execute("CREATE TABLE IF NOT EXISTS starts (at int); INSERT INTO starts VALUES (1)")
    starts = await database.fetchval("SELECT count(*) FROM starts")
    await database.close()
    return starts


def user_namespace(pid: int) -> Path:
    return Path(f"/proc/{pid}/ns/user").readlink()


def copies() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("tg-parser-postgres-*"))


async def test_in_a_namespace_the_files_and_the_process_are_root_s_outside(home: Path) -> None:
    async with AsyncExitStack() as stack:
        server = await start_postgres(home, stack, namespaced)
        assert await count(server) == 1
        assert psutil.Process(server.process.pid).uids().effective == 0
        assert user_namespace(server.process.pid) != user_namespace(os.getpid())
    assert (home / "cluster").stat().st_uid == 0


async def test_without_namespaces_nobody_runs_a_copy_on_data_below_a_closed_folder(home: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    before = copies()
    async with AsyncExitStack() as stack:
        server = await start_postgres(home, stack, as_nobody)
        assert await count(server) == 1
        assert psutil.Process(server.process.pid).uids().effective == nobody
        (copy,) = copies() - before
        assert psutil.Process(server.process.pid).exe().startswith(str(copy))
    assert copies() == before
    assert (home / "cluster").stat().st_uid == nobody
    assert (home.parent.stat().st_uid, home.parent.stat().st_mode & 0o777) == (0, 0o700)


def broken(route: Route) -> Route:
    return replace(route, identity="namespace:-1:-1")  # no such user can be mapped


async def test_where_namespaces_are_closed_the_choice_falls_on_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = broken(in_namespace())
    monkeypatch.setattr(postgres_route, "in_namespace", lambda: closed)
    async with AsyncExitStack() as stack:
        assert (await choose_route(home, stack)).identity.startswith("user:")


async def test_where_nothing_works_the_reader_is_told_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = broken(in_namespace())

    async def nobody_neither(home: Path, stack: AsyncExitStack) -> Route:
        del home, stack
        return closed

    monkeypatch.setattr(postgres_route, "in_namespace", lambda: closed)
    monkeypatch.setattr(postgres_route, "as_nobody", nobody_neither)
    async with AsyncExitStack() as stack:
        with pytest.raises(EmbeddedServerError, match="Start this as an ordinary user"):
            await choose_route(home, stack)
    assert "cannot be started as 'namespace:-1:-1'" in (home / "postgres.log").read_text()


async def test_the_data_may_change_hands_between_starts(home: Path) -> None:
    ways: list[Choice] = [namespaced, as_nobody, choose_route]
    for start, way in enumerate(ways, 1):
        async with AsyncExitStack() as stack:
            assert await count(await start_postgres(home, stack, way)) == start


async def test_a_copy_that_a_killed_owner_left_is_deleted(home: Path) -> None:
    before = copies()
    await as_nobody(home, AsyncExitStack())  # a stack that is never left
    (abandoned,) = copies() - before
    async with AsyncExitStack() as stack:
        await as_nobody(home, stack)
        assert not abandoned.exists()
    assert copies() == before


async def test_data_of_an_ordinary_user_is_not_taken_over_by_root(home: Path) -> None:
    (home / "cluster").mkdir()
    os.chown(home / "cluster", 4711, 4711)
    with pytest.raises(EmbeddedServerError, match="belongs to the user with the id 4711; start this as that user"):
        async with AsyncExitStack() as stack:
            await start_postgres(home, stack)
