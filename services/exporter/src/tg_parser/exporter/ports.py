"""What the exporter needs from outside, with what each promises."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tg_parser.contracts.knowledge import Artifact
from tg_parser.exporter.domain.rows import CommentRow, Extent, MessageRow, TopicRow


class FolderUnusable(Exception):
    """Files cannot be left in a folder until a person mends something; the message is a sentence that says what."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a place is not one to export to, as a sentence."""

    reason: str


class Snapshot(Protocol):
    """The read model as it stood at one position of the log; what is folded meanwhile does not show."""

    async def extent(self) -> Extent:
        """The position, and what there is up to it."""
        ...

    def messages(self) -> AsyncGenerator[Sequence[MessageRow], None]:
        """Living posts with a document, in the order of `entry_ref` by bytes, a page at a time.

        An album is one; comments are among them only if nobody knows under which post they stand.
        """
        ...

    def comments(self) -> AsyncGenerator[Sequence[CommentRow], None]:
        """Living comments with a document, in the order of `root_ref` by bytes and then of their ids, a page at a time."""
        ...

    def topics(self) -> AsyncGenerator[Sequence[TopicRow], None]:
        """Living topics in the order of their ids by bytes, a page at a time."""
        ...


class KnowledgeBase(Protocol):
    """The read model."""

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Read at one position. Raises TransientError while the tables cannot be reached."""
        ...


class StagedFile(Protocol):
    """A file on its way: written under a temporary name beside its destination."""

    def write(self, data: bytes, *, rows: int = 1) -> None:
        """Add `data`, which holds `rows` rows."""
        ...

    def close(self) -> Artifact:
        """Make it durable. Nobody sees it under its name before `Folder.publish`."""
        ...


class Folder(Protocol):
    """A destination, ours alone until closed. Every method blocks: call them in a thread.

    All raise FolderUnusable if a person has to mend something, TransientError if another attempt may succeed.
    """

    def stage(self, name: str) -> StagedFile:
        """Begin a file."""
        ...

    def put(self, name: str, data: bytes, *, rows: int) -> Artifact:
        """A small file at once. One that already holds these very bytes is left alone."""
        ...

    def publish(self, manifest: bytes) -> Artifact:
        """Put every file under its name, the manifest last, and remove earlier exports' topics that no longer exist."""
        ...

    def close(self) -> None:
        """Throw away what was not published, and let others have the folder."""
        ...


class Folders(Protocol):
    """The places to export to."""

    def allowed(self, location: str) -> Path | Refusal:
        """The folder that `location` means, or why it may not be written to. Changes nothing. Blocks."""
        ...

    def open(self, path: Path) -> Folder:
        """Take the folder, made if it is missing. Blocks. Raises as `Folder` does."""
        ...
