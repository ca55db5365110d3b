"""Folders of this machine as destinations: the old export stays readable until the new one is complete on disk.

Then files change their names one by one, the manifest last. A reader that meets this moment, or a machine that stops in
it, is recognised by digests in the manifest that do not fit, and mended by the next export.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.knowledge import Artifact
from tg_parser.exporter.adapters.disk_trouble import in_sentences
from tg_parser.exporter.domain.topic_files import TOPIC_FILE
from tg_parser.exporter.ports import FolderUnusable, Refusal

MANIFEST: Final = "manifest.json"
PART: Final = ".tg-export-part-"
STALE: Final = ".tg-export-stale"


class LocalFolders:
    """`Folders` below a list of allowed roots."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(Path(os.path.realpath(root)) for root in roots)

    def allowed(self, location: str) -> Path | Refusal:
        """See the port. Links are followed first, so that none leads out of a root."""
        if not self._roots:
            return Refusal("Nothing may be exported: TG_EXPORTER__EXPORT_ROOTS names no folder.")
        if not location.isprintable() or not Path(location).is_absolute():
            return Refusal(f"{location!r} is not the absolute path of a folder.")
        path = Path(os.path.realpath(location))
        if not any(path.is_relative_to(root) for root in self._roots):
            return Refusal(f"{location} lies outside of the folders that may be exported to.")
        return path

    def open(self, path: Path) -> LocalFolder:
        """See the port."""
        with in_sentences(path):
            path.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return LocalFolder(path, handle)
        except BaseException:
            os.close(handle)
            raise


class LocalFile:
    """`StagedFile` beside its destination."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.part = folder / f"{PART}{name}"
        self._folder = folder
        self._digest = hashlib.sha256()
        self._bytes = self._rows = 0
        with in_sentences(folder):
            self._file: BinaryIO = self.part.open("xb")

    def write(self, data: bytes, *, rows: int = 1) -> None:
        """See the port."""
        with in_sentences(self._folder):
            self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)
        self._rows += rows

    def close(self) -> Artifact:
        """See the port."""
        with in_sentences(self._folder), self._file as file:
            file.flush()
            os.fsync(file.fileno())
        return Artifact(name=self.name, sha256=self._digest.hexdigest(), bytes=self._bytes, rows=self._rows)

    def discard(self) -> None:
        """Remove it, if it has not been published."""
        try:
            self._file.close()
        except OSError:  # what could not be flushed is being thrown away
            pass
        finally:
            self.part.unlink(missing_ok=True)


class LocalFolder:
    """`Folder`, locked while open. What a killed export left behind is cleared away by the next."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle
        self._staged: list[LocalFile] = []
        self._kept: set[str] = set()
        self._lock()
        with in_sentences(path):
            self._earlier = _topics_of(path / MANIFEST) | _stale(path / STALE)
            for part in path.glob(f"{PART}*"):
                part.unlink()

    def stage(self, name: str) -> LocalFile:
        """See the port."""
        file = LocalFile(self._path, name)
        self._staged.append(file)
        return file

    def put(self, name: str, data: bytes, *, rows: int) -> Artifact:
        """See the port."""
        if self._holds(name, data):
            self._kept.add(name)
            return Artifact(name=name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), rows=rows)
        file = self.stage(name)
        file.write(data, rows=rows)
        return file.close()

    def publish(self, manifest: bytes) -> Artifact:
        """See the port. Everything that may fail for want of room is done before the first file changes."""
        stale = sorted(self._earlier - self._kept - {file.name for file in self._staged})
        last = self.stage(MANIFEST)
        last.write(manifest)
        artifact = last.close()
        with in_sentences(self._path):
            self._remember(stale)
            for file in self._staged:
                if file is last:
                    os.fsync(self._handle)
                file.part.replace(self._path / file.name)
            os.fsync(self._handle)
            for name in stale:
                (self._path / name).unlink(missing_ok=True)
            (self._path / STALE).unlink(missing_ok=True)
        return artifact

    def close(self) -> None:
        """See the port."""
        try:
            for file in self._staged:
                file.discard()
        finally:
            os.close(self._handle)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise TransientError(f"Another export is writing to {self._path}.", retry_in=5) from busy

    def _holds(self, name: str, data: bytes) -> bool:
        path = self._path / name
        try:
            return path.stat().st_size == len(data) and path.read_bytes() == data
        except OSError:
            return False

    def _remember(self, stale: Sequence[str]) -> None:
        """Names that a killed removal leaves to the next export: the new manifest no longer lists them."""
        if stale:
            (self._path / STALE).write_text("\n".join(stale), encoding="utf-8")


def _topics_of(manifest: Path) -> set[str]:
    """The topic files an earlier export wrote. Raises FolderUnusable if the manifest is somebody else's."""
    if not manifest.exists():
        return set()
    try:
        read: dict[str, Any] = json.loads(manifest.read_bytes())
        names = [file["name"] for file in read["files"] if read["export_version"]]
    except (ValueError, KeyError, TypeError) as foreign:
        raise FolderUnusable(
            f"{manifest} was not written by an export: choose another folder, or move it away."
        ) from foreign
    return {name for name in names if TOPIC_FILE.fullmatch(name)}


def _stale(journal: Path) -> set[str]:
    if not journal.exists():
        return set()
    return {name for name in journal.read_text(encoding="utf-8").splitlines() if TOPIC_FILE.fullmatch(name)}
