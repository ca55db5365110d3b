"""Telegram itself, read with the operator's own account through Telethon."""

from __future__ import annotations
