"""What a process that starts its own servers may rely on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import nats
import psutil
import pytest

from tg_parser.chassis.embedded import (
    DataDirectoryInUse,
    EmbeddedServerError,
    Endpoints,
    ServerDied,
    ServerFailed,
    embedded_nats,
    embedded_postgres,
    embedded_servers,
)

pytestmark = pytest.mark.servers


@pytest.fixture
def usual_ports_taken() -> Iterator[None]:
    with ExitStack() as stack:
        for port in (4222, 5432, 8222):
            listener = stack.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:  # something else listens there: as good
                continue
            listener.listen()
        yield


async def store(endpoints: Endpoints) -> None:
    client = await nats.connect(endpoints.nats_url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await client.jetstream().publish("kept", "сообщение".encode())
    await client.close()
    database = await asyncpg.connect(endpoints.postgres_dsn)
    await database.execute("CREATE TABLE kept (line text); INSERT INTO kept VALUES ('строка')")
    await database.close()


async def stored(endpoints: Endpoints) -> tuple[str, str]:
    client = await nats.connect(endpoints.nats_url)
    message = await client.jetstream().get_msg("KEPT", 1)
    await client.close()
    database = await asyncpg.connect(endpoints.postgres_dsn)
    line = await database.fetchval("SELECT line FROM kept")
    await database.close()
    return (message.data or b"").decode(), line


@pytest.mark.usefixtures("usual_ports_taken")
async def test_a_message_and_a_row_survive_a_restart_whatever_listens_on_the_usual_ports(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as endpoints:
        await store(endpoints)
    async with embedded_servers(tmp_path) as endpoints:
        assert await stored(endpoints) == ("сообщение", "строка")


async def test_servers_killed_with_a_moment_s_notice_keep_what_they_acknowledged(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as endpoints:
        await store(endpoints)
        for server in endpoints.servers:
            os.kill(server.pid, signal.SIGKILL)
    async with embedded_servers(tmp_path) as endpoints:
        assert await stored(endpoints) == ("сообщение", "строка")


async def test_cyrillic_is_lower_cased_and_stemmed(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path) as dsn:
        database = await asyncpg.connect(dsn)
        assert await database.fetchval("SELECT lower('ПРИВЕТ')") == "привет"
        assert await database.fetchval("SELECT to_tsvector('russian', 'ОБСУЖДАЕМ')::text") == "'обсужда':1"
        assert await database.fetchval("SHOW server_encoding") == "UTF8"
        await database.close()


async def answer_to(nats_url: str, credentials: dict[str, str]) -> bytes:
    """What nats-server says to a client before it closes the connection, in its own protocol."""
    address = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"CONNECT {json.dumps(credentials)}\r\nPING\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as endpoints:
        for credentials in ({}, {"user": "tg_parser", "pass": "guessed"}):
            assert b"Authorization Violation" in await answer_to(endpoints.nats_url, credentials)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(endpoints.postgres_dsn, password="guessed")


def files_with(secrets: list[str], data_dir: Path) -> set[tuple[str, int]]:
    """Names and modes of the configurations, logs and the like that hold one of `secrets`."""
    files = [path for path in data_dir.glob("*/*") if path.is_file()]
    holders = [path for path in files if any(secret in path.read_text() for secret in secrets)]
    return {(path.name, stat.S_IMODE(path.stat().st_mode)) for path in holders}


async def test_no_secret_is_on_a_command_line_in_an_environment_or_in_a_log(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as endpoints:
        secrets = [url.split("@")[0].rsplit(":", 1)[1] for url in (endpoints.nats_url, endpoints.postgres_dsn)]
        seen = [repr(endpoints)]
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # Postgres starts and ends workers as it likes
                seen += [*process.cmdline(), *process.environ().values()]
    assert [secret for secret in secrets if any(secret in text for text in seen)] == []
    assert files_with(secrets, tmp_path) == {("nats-server.conf", 0o600), ("password", 0o600)}


async def test_a_server_that_was_not_asked_for_is_not_started(tmp_path: Path) -> None:
    async with embedded_nats(tmp_path) as url:
        client = await nats.connect(url)
        await client.jetstream().account_info()
        await client.close()
    assert not (tmp_path / "postgres").exists()


async def test_a_second_owner_is_told_the_directory_and_the_first_owner(tmp_path: Path) -> None:
    async with embedded_nats(tmp_path):
        with pytest.raises(DataDirectoryInUse) as refused:
            async with embedded_postgres(tmp_path):
                pass
    assert str(tmp_path) in str(refused.value)
    assert f"process {os.getpid()}" in str(refused.value)


async def test_a_server_that_dies_later_is_reported_with_its_name_and_its_log(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as endpoints:
        watch = asyncio.create_task(endpoints.watch())
        victim = next(server for server in endpoints.servers if server.name == "Postgres")
        os.kill(victim.pid, signal.SIGKILL)
        with pytest.raises(ServerDied, match=r"Postgres ended unexpectedly \(killed by SIGKILL\)") as died:
            await asyncio.wait_for(watch, 10)
    assert str(tmp_path / "postgres" / "postgres.log") in str(died.value)
    assert "ready to accept connections" in str(died.value)


async def test_a_store_that_cannot_be_opened_is_one_sentence_with_the_log_and_stops_the_other_server(
    tmp_path: Path,
) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "jetstream").write_text("not a folder")
    with pytest.raises(ServerFailed, match="nats-server ended while starting") as failed:
        async with embedded_servers(tmp_path):
            pass
    assert str(tmp_path / "nats" / "nats-server.log") in str(failed.value)
    assert "not a directory" in str(failed.value)
    assert psutil.Process().children(recursive=True) == []


async def test_a_damaged_cluster_is_one_sentence_with_the_log(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "cluster").mkdir(parents=True, mode=0o700)
    with pytest.raises(ServerFailed, match="Postgres ended while starting") as failed:
        async with embedded_postgres(tmp_path):
            pass
    assert "not a valid data directory" in str(failed.value)


@pytest.mark.parametrize("taken", ["nats", "postgres", "."])
async def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path, taken: str) -> None:
    data_dir = tmp_path / "data"
    (data_dir / taken).parent.mkdir(exist_ok=True)
    (data_dir / taken).write_text("a file")
    with pytest.raises(EmbeddedServerError, match=str(data_dir / taken)):
        async with embedded_servers(data_dir):
            pass
