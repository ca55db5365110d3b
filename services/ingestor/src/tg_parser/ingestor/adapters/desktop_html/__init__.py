"""Telegram Desktop's "human-readable HTML" export: `messages.html`, `messages2.html` and so on, a thousand messages in each.

It holds less than the JSON one: no ids of chats and people, no moments of service messages, no time of an edit, no album ids.
What is known of the format comes from Telegram Desktop's own writer (`export_output_html.cpp`) and from exports of 2022.
"""

from __future__ import annotations
