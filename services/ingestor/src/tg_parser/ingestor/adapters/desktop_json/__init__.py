"""Telegram Desktop's "machine-readable JSON" export, `result.json`, read as a stream.

What is known of the format comes from Telegram Desktop's own writer (`export_output_json.cpp`) and from reports of its users.
"""

from __future__ import annotations
