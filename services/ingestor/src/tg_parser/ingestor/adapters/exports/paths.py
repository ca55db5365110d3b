"""Paths in an export. They are somebody else's words and are never followed."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

UNSAFE: Final = re.compile(r"[\x00-\x1f\\]|^[A-Za-z][A-Za-z0-9+.\-]*:")
LONGEST: Final = 1_024


def safe_path(path: str) -> str | None:
    """The path, if it stays inside the export; None if not: whoever serves files must not have to trust it."""
    readings = (path, unquote(path))  # some who serve files decode them first
    return path if path and len(path) <= LONGEST and not any(map(_leads_out, readings)) else None


def _leads_out(path: str) -> bool:
    return UNSAFE.search(path) is not None or path.startswith("/") or ".." in PurePosixPath(path).parts
