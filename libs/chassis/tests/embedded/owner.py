"""A process that owns servers until it is told to end, or is killed: the counterpart of `test_owners`."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from tg_parser.chassis.embedded import embedded_servers


async def own(data_dir: Path) -> None:
    async with embedded_servers(data_dir) as endpoints:
        told = {
            "nats_url": endpoints.nats_url,
            "postgres_dsn": endpoints.postgres_dsn,
            "pids": [server.pid for server in endpoints.servers],
        }
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(own(Path(sys.argv[1])))
