"""Documents and topics to knowledge-base entries and files."""

from __future__ import annotations
