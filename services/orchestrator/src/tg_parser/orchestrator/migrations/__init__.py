"""The schema `orchestrator`, revision by revision."""

from __future__ import annotations
