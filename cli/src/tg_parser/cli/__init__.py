"""The command line, and every service in one process."""

from __future__ import annotations
