"""The processor's only third-party clients: Postgres and the models."""

from __future__ import annotations
