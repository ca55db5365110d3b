"""The servers of one machine, nats-server and Postgres, from PyPI wheels, started and stopped by us.

Everything they keep is in one data directory that has one owner at a time:

    lock                   held by the owner, with its process id
    nats/                  nats-server.conf and .log, jetstream/ (the store), ports/
    postgres/              cluster/ (the data), password, postgres.log
"""

from __future__ import annotations

from tg_parser.chassis.embedded.errors import DataDirectoryInUse, EmbeddedServerError, ServerDied, ServerFailed
from tg_parser.chassis.embedded.servers import Endpoints, embedded_nats, embedded_postgres, embedded_servers

__all__ = [
    "DataDirectoryInUse",
    "EmbeddedServerError",
    "Endpoints",
    "ServerDied",
    "ServerFailed",
    "embedded_nats",
    "embedded_postgres",
    "embedded_servers",
]
