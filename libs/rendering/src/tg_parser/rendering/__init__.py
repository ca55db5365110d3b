"""Telegram's styled text, as Markdown and as plain text."""

from __future__ import annotations
