"""What a disk says when it cannot, as sentences."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tg_parser.chassis.errors import TransientError
from tg_parser.exporter.ports import FolderUnusable

SENTENCES: Final = {
    errno.EACCES: "The exporter has no permission to write to {path}.",
    errno.EPERM: "The exporter has no permission to write to {path}.",
    errno.EROFS: "{path} is on a disk that is read-only.",
    errno.ENOSPC: "The disk is full: the export does not fit into {path}.",
    errno.EDQUOT: "The disk quota is used up: the export does not fit into {path}.",
    errno.EFBIG: "The disk does not take files as large as the export needs in {path}.",
    errno.EEXIST: "{path} is not a folder.",
    errno.ENOTDIR: "{path} is not a folder.",
    errno.EISDIR: "A folder in {path} has the name of a file of the export.",
    errno.ENAMETOOLONG: "The name {path} is too long.",
    errno.ELOOP: "{path} is a link that leads to itself.",
}
"""What a person can mend. Anything else may be gone at the next attempt."""


@contextmanager
def in_sentences(path: Path) -> Iterator[None]:
    """Work on `path`. Raises FolderUnusable or TransientError where the system raises OSError."""
    try:
        yield
    except OSError as error:
        sentence = SENTENCES.get(error.errno or 0)
        if sentence is None:
            raise TransientError(f"{path} cannot be written to just now: {error.strerror}.", retry_in=5) from error
        raise FolderUnusable(sentence.format(path=path)) from error
