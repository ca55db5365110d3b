"""Which documents tell the same story, and which stories make a topic. Pure: no I/O, no clock, no chance."""

from __future__ import annotations
