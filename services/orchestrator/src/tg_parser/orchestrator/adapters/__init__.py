"""The clients: JetStream and Postgres."""

from __future__ import annotations
