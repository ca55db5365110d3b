"""The operator's accounts: their sessions, who may use them, and the connections that ask Telegram."""

from __future__ import annotations
