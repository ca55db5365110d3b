"""The exporter's hands: rows from Postgres, files in folders."""

from __future__ import annotations
