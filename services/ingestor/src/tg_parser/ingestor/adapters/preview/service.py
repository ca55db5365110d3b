"""What happened to a channel, of which the page tells in a sentence."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = (
    ("channel created", "create_channel"),
    ("channel name was changed", "edit_group_title"),
    ("channel photo updated", "edit_group_photo"),
    ("channel photo removed", "delete_group_photo"),
    (" pinned ", "pin_message"),
    ("live stream", "group_call"),
)
"""How they begin or what they hold, and Telegram Desktop's name of the action, which all sources use."""


def action_of(sentence: str) -> str:
    """The name of the action, `unknown` if the sentence is none of those seen so far; some service messages have none."""
    lowered = f" {sentence.lower()} "
    return next((action for words, action in SENTENCES if words in lowered), "unknown")
