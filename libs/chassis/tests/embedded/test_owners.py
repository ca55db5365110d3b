"""What becomes of the servers when the process that started them ends, in each of the ways a process can end."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest

from tg_parser.chassis.embedded import DataDirectoryInUse, embedded_nats, embedded_servers, launch
from tg_parser.chassis.embedded.leftovers import left_over, runs
from tg_parser.chassis.embedded.polling import until

pytestmark = pytest.mark.servers

OWNER = (sys.executable, str(Path(__file__).with_name("owner.py")))


@dataclass(frozen=True, slots=True)
class Owner:
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def told(self) -> tuple[str, list[psutil.Process]]:
        """Its DSN and its servers, once they run."""
        assert self.process.stdout
        told = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))
        return told["postgres_dsn"], [psutil.Process(pid) for pid in told["pids"]]

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def owning(data_dir: Path, command: Sequence[str] = OWNER) -> AsyncGenerator[Owner]:
    process = await asyncio.create_subprocess_exec(
        *command, str(data_dir), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield Owner(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def gone(processes: Sequence[psutil.Process]) -> bool:
    async def all_gone() -> bool | None:
        return None if any(runs(process) for process in processes) else True

    return await asyncio.wait_for(until(all_gone), 15)


async def running_initdb(cluster: Path) -> list[psutil.Process] | None:
    return left_over({"initdb"}, {cluster}) or None


async def row(dsn: str, statement: str) -> str | None:
    database = await asyncpg.connect(dsn)
    try:
        return await database.fetchval(statement)
    finally:
        await database.close()


async def test_a_killed_owner_takes_its_servers_along(tmp_path: Path) -> None:
    async with owning(tmp_path) as owner:
        _, servers = await owner.told()
        await owner.kill()
        assert await gone(servers)


async def test_servers_that_outlive_a_killed_owner_are_stopped_by_the_next_one_which_has_their_data(
    tmp_path: Path,
) -> None:
    async with owning(tmp_path) as owner:
        dsn, servers = await owner.told()
        await row(dsn, "CREATE TABLE kept AS SELECT 'строка' AS line")
        for server in servers:
            server.suspend()  # so that the kernel's notice of the owner's death is not heard
        await owner.kill()
    assert all(runs(server) for server in servers)
    async with embedded_servers(tmp_path) as endpoints:
        assert await gone(servers)
        assert await row(endpoints.postgres_dsn, "SELECT line FROM kept") == "строка"


async def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_the_next_start(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path):
        pid_file = tmp_path / "postgres" / "cluster" / "postmaster.pid"
        told = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *told[1:]]))
    async with embedded_servers(tmp_path) as endpoints:
        assert await row(endpoints.postgres_dsn, "SELECT 'served'") == "served"


async def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "cluster.new"
    async with owning(tmp_path) as owner:
        initdb = await asyncio.wait_for(until(lambda: running_initdb(unfinished)), 15)
        await owner.kill()
        assert await gone(initdb)
    assert unfinished.exists()
    assert not unfinished.with_name("cluster").exists()
    async with embedded_servers(tmp_path) as endpoints:
        assert await row(endpoints.postgres_dsn, "SELECT lower('ДА')") == "да"
    assert not unfinished.exists()


async def test_ctrl_c_reaches_the_owner_alone_which_stops_the_servers_cleanly(tmp_path: Path) -> None:
    async with owning(tmp_path) as owner:
        _, servers = await owner.told()
        assert {os.getsid(server.pid) for server in servers}.isdisjoint({os.getsid(owner.pid)})
        os.killpg(owner.pid, signal.SIGINT)
        assert await asyncio.wait_for(owner.process.wait(), 15) == 0
        assert await gone(servers)
    assert "database system is shut down" in (tmp_path / "postgres" / "postgres.log").read_text().splitlines()[-1]
    assert "Server Exiting" in (tmp_path / "nats" / "nats-server.log").read_text().splitlines()[-1]


async def test_a_second_process_is_told_the_first_one_s_id(tmp_path: Path) -> None:
    async with owning(tmp_path) as owner:
        await owner.told()
        with pytest.raises(DataDirectoryInUse, match=f"{tmp_path} is in use by process {owner.pid};"):
            async with embedded_nats(tmp_path):
                pass


FORKING_OWNER = """
import os, sys, time
from pathlib import Path
from tg_parser.chassis.embedded.ownership import owned
with owned(Path(sys.argv[1])):
    worker = os.fork()
    if worker:
        print(worker, flush=True)
    os.close(1)
    time.sleep(60)
"""


async def test_a_forked_worker_that_outlives_a_killed_owner_does_not_keep_the_directory(tmp_path: Path) -> None:
    async with owning(tmp_path, (sys.executable, "-c", FORKING_OWNER)) as owner:
        assert owner.process.stdout
        worker = psutil.Process(int(await asyncio.wait_for(owner.process.stdout.readline(), 10)))
        try:
            await owner.kill()
            async with embedded_nats(tmp_path):
                assert runs(worker)
        finally:
            worker.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
async def test_an_ordinary_user_needs_nothing_but_a_home_closed_to_others(tmp_path: Path) -> None:
    # An ordinary user in a namespace, so that the interpreter may be anywhere; what it may do is what such a user may.
    nobody = pwd.getpwnam("nobody")
    identity = f"namespace:{nobody.pw_uid}:{nobody.pw_gid}"
    launcher = (sys.executable, str(launch.__file__), str(os.getpid()), str(int(signal.SIGKILL)), identity)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    async with owning(home / "data", (*launcher, *OWNER)) as owner:
        dsn, _ = await owner.told()
        assert await row(dsn, "SELECT lower('ДА')") == "да"
