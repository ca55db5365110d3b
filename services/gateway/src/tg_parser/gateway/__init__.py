"""REST in, read models out."""

from __future__ import annotations
