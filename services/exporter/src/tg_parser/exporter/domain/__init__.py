"""What an export says, from what the log says. Pure: the same rows give the same bytes."""

from __future__ import annotations
