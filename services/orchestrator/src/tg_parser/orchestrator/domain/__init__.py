"""What a workflow is and what follows from what happened to it. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations
