"""Telegram to facts about messages."""

from __future__ import annotations
