"""Which file a location names, and whether it may be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tg_parser.ingestor.ports import SourceRefused

FILE: Final = "result.json"


def locate(location: str, roots: Sequence[Path]) -> Path:
    """The file at `location`, symbolic links followed. A folder means the `result.json` in it.

    Raises SourceRefused if it is not a regular file inside one of `roots`. Whether something exists elsewhere is not told.
    """
    if not roots:
        raise SourceRefused(
            f"{location} cannot be read: no folder is open for imports. Name one in TG_INGESTOR__IMPORT_ROOTS."
        )
    try:
        path = _inside(Path(location), location, roots)
        if path.is_dir():
            path = _inside(path / FILE, location, roots)
        return _regular(path, location)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise SourceRefused(f"{location!r} cannot be read: {_words(error)}.") from error


def _inside(path: Path, location: str, roots: Sequence[Path]) -> Path:
    if not path.is_absolute():
        raise SourceRefused(f"{location} is not an absolute path.")
    resolved = path.resolve()
    if not any(resolved.is_relative_to(root.resolve()) for root in roots):
        raise SourceRefused(f"{location} does not lie in a folder that is open for imports.")
    return resolved


def _regular(path: Path, location: str) -> Path:
    if not path.exists():
        missing = (
            f"{location} holds no {FILE}"
            if path.name == FILE and path.parent.is_dir()
            else f"{location} does not exist"
        )
        raise SourceRefused(f"{missing}.")
    if not path.is_file():
        raise SourceRefused(f"{location} is not a regular file.")
    if path.stat().st_size == 0:
        raise SourceRefused(f"{location} is empty.")
    return path


def _words(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
