"""Messages to processed documents."""

from __future__ import annotations
