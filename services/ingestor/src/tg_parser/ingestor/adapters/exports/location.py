"""Which file a location names, and whether it may be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tg_parser.ingestor.ports import SourceRefused


def locate(location: str, roots: Sequence[Path], names: Sequence[str]) -> Path:
    """The file at `location`, symbolic links followed. A folder means the first of `names` in it.

    Raises SourceRefused if it is not a regular file inside one of `roots`. Whether something exists elsewhere is not told.
    """
    if not roots:
        raise SourceRefused(
            f"{location} cannot be read: no folder is open for imports. Name one in TG_INGESTOR__IMPORT_ROOTS.",
            "not_allowed",
        )
    try:
        path = inside(Path(location), location, roots)
        if path.is_dir():
            path = _in_folder(path, location, roots, names)
        return regular(path, location)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise SourceRefused(f"{location!r} cannot be read: {_words(error)}.") from error


def inside(path: Path, location: str, roots: Sequence[Path]) -> Path:
    """The path without symbolic links. Raises SourceRefused if it leads out of all `roots`."""
    if not path.is_absolute():
        raise SourceRefused(f"{location} is not an absolute path.")
    resolved = path.resolve()
    if not any(resolved.is_relative_to(root.resolve()) for root in roots):
        raise SourceRefused(f"{location} does not lie in a folder that is open for imports.", "not_allowed")
    return resolved


def regular(path: Path, location: str) -> Path:
    """The path itself. Raises SourceRefused if no file with something in it is there."""
    if not path.exists():
        raise SourceRefused(f"{location} does not exist.", "not_found")
    if not path.is_file():
        raise SourceRefused(f"{location} is not a regular file.")
    if path.stat().st_size == 0:
        raise SourceRefused(f"{location} is empty.")
    return path


def _in_folder(folder: Path, location: str, roots: Sequence[Path], names: Sequence[str]) -> Path:
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if found is None:
        raise SourceRefused(f"{location} holds no {' or '.join(names)}.", "not_found")
    return inside(found, location, roots)


def _words(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
