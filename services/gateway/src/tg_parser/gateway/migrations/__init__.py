"""The gateway's tables, revision by revision."""

from __future__ import annotations
