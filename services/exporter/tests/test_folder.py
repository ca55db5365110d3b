from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tg_parser.chassis.errors import TransientError
from tg_parser.exporter.adapters.folder import LocalFolder, LocalFolders
from tg_parser.exporter.ports import FolderUnusable, Refusal


class Killed(BaseException):
    """The process dies here: nothing after it runs."""


@pytest.fixture
def folders(tmp_path: Path) -> LocalFolders:
    return LocalFolders([tmp_path])


def export(folders: LocalFolders, path: Path, entries: bytes, topics: dict[str, bytes]) -> LocalFolder:
    """Write an export up to its last step and close it as its owner does, unless the process is killed."""
    folder = folders.open(path)
    try:
        fill(folder, entries, topics)
    except Killed:
        os.close(folder._handle)  # pyright: ignore[reportPrivateUsage] - what the system does when a process dies
        raise
    except BaseException:
        folder.close()
        raise
    folder.close()
    return folder


def fill(folder: LocalFolder, entries: bytes, topics: dict[str, bytes]) -> None:
    staged = folder.stage("kb_entries.ndjson")
    staged.write(entries)
    files = [staged.close(), *(folder.put(name, data, rows=1) for name, data in topics.items())]
    told = {"export_version": "v", "files": [file.model_dump() for file in files]}
    folder.publish(json.dumps(told).encode())


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def agrees(path: Path) -> bool:
    """Whether every file is what the manifest says."""
    files = json.loads((path / "manifest.json").read_bytes())["files"]
    return all(hashlib.sha256((path / file["name"]).read_bytes()).hexdigest() == file["sha256"] for file in files)


FIRST: tuple[bytes, dict[str, bytes]] = (b"one\n", {"topic_a.json": b"a", "topic_b.json": b"b"})
SECOND: tuple[bytes, dict[str, bytes]] = (b"two\n", {"topic_a.json": b"a", "topic_c.json": b"c"})


def test_nothing_may_be_exported_without_a_root(tmp_path: Path) -> None:
    refusal = LocalFolders([]).allowed(str(tmp_path))
    assert isinstance(refusal, Refusal)
    assert "TG_EXPORTER__EXPORT_ROOTS" in refusal.reason


@pytest.mark.parametrize(
    "location", ["", "relative/folder", "/etc", "/etc/../etc", "\0", "{root}/../elsewhere", "{root}x"]
)
def test_a_place_outside_of_the_roots_is_refused(folders: LocalFolders, tmp_path: Path, location: str) -> None:
    assert isinstance(folders.allowed(location.format(root=tmp_path)), Refusal)


def test_a_link_does_not_lead_out_of_a_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    assert isinstance(LocalFolders([root]).allowed(str(root / "out" / "elsewhere")), Refusal)


def test_a_folder_below_a_root_is_allowed_and_made(folders: LocalFolders, tmp_path: Path) -> None:
    path = tmp_path / "new" / "kb"
    assert folders.allowed(str(path)) == path
    export(folders, path, *FIRST)
    assert sorted(contents(path)) == ["kb_entries.ndjson", "manifest.json", "topic_a.json", "topic_b.json"]
    assert agrees(path)


def test_topics_that_no_longer_exist_are_removed_and_nothing_else(folders: LocalFolders, tmp_path: Path) -> None:
    for name in ("notes.txt", "topic_mine.json", ".hidden"):
        (tmp_path / name).write_text("kept")
    export(folders, tmp_path, *FIRST)
    export(folders, tmp_path, *SECOND)
    assert sorted(contents(tmp_path)) == [
        ".hidden",
        "kb_entries.ndjson",
        "manifest.json",
        "notes.txt",
        "topic_a.json",
        "topic_c.json",
        "topic_mine.json",
    ]


def test_a_manifest_cannot_have_other_files_removed(folders: LocalFolders, tmp_path: Path) -> None:
    outside = tmp_path / "topic_x.json"
    outside.write_text("kept")
    path = tmp_path / "kb"
    path.mkdir()
    names = ["../topic_x.json", str(outside), "notes.txt"]
    (path / "manifest.json").write_text(json.dumps({"export_version": "v", "files": [{"name": n} for n in names]}))
    (path / "notes.txt").write_text("kept")
    export(folders, path, *FIRST)
    assert outside.exists()
    assert (path / "notes.txt").exists()


def test_a_file_that_is_already_right_is_left_alone(folders: LocalFolders, tmp_path: Path) -> None:
    export(folders, tmp_path, *FIRST)
    before = (tmp_path / "topic_a.json").stat()
    export(folders, tmp_path, *SECOND)
    assert (tmp_path / "topic_a.json").stat().st_ino == before.st_ino


def test_an_abandoned_export_leaves_no_trace(folders: LocalFolders, tmp_path: Path) -> None:
    export(folders, tmp_path, *FIRST)
    before = contents(tmp_path)
    folder = folders.open(tmp_path)
    folder.stage("kb_entries.ndjson").write(b"half")
    folder.close()
    assert contents(tmp_path) == before


STEPS: list[tuple[Any, str]] = [(os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "write_text")]


@pytest.mark.parametrize("step", range(14))
def test_wherever_an_export_is_killed_the_next_one_makes_it_whole(
    folders: LocalFolders, tmp_path: Path, step: int
) -> None:
    export(folders, tmp_path, *FIRST)
    with pytest.MonkeyPatch.context() as patch:
        calls = killed_at(step, patch)
        try:
            export(folders, tmp_path, *SECOND)
        except Killed:
            pass
        else:
            assert calls() <= step
    export(folders, tmp_path, *SECOND)
    assert sorted(contents(tmp_path)) == ["kb_entries.ndjson", "manifest.json", "topic_a.json", "topic_c.json"]
    assert agrees(tmp_path)


def test_an_export_killed_before_it_is_complete_leaves_the_old_one(folders: LocalFolders, tmp_path: Path) -> None:
    export(folders, tmp_path, *FIRST)
    before = contents(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", _killed)
        with pytest.raises(Killed):
            export(folders, tmp_path, *SECOND)
    assert {name: data for name, data in contents(tmp_path).items() if not name.startswith(".tg-export-")} == before


def _killed(*_: object) -> None:
    raise Killed


def killed_at(step: int, patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Die at the step-th change of the disk; returns how many were begun."""
    begun = 0

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **named: Any) -> Any:
            nonlocal begun
            begun += 1
            if begun == step + 1:
                raise Killed
            return real(*args, **named)

        return change

    for owner, name in STEPS:
        patch.setattr(owner, name, counting(getattr(owner, name)))
    return lambda: begun


def test_two_exports_cannot_write_to_one_folder_at_once(folders: LocalFolders, tmp_path: Path) -> None:
    folder = folders.open(tmp_path)
    with pytest.raises(TransientError, match="Another export"):
        folders.open(tmp_path)
    folder.close()
    folders.open(tmp_path).close()


def test_a_file_in_the_folders_place_is_refused(folders: LocalFolders, tmp_path: Path) -> None:
    (tmp_path / "kb").write_text("a file")
    with pytest.raises(FolderUnusable, match="is not a folder"):
        folders.open(tmp_path / "kb")


def test_somebody_elses_manifest_is_not_overwritten(folders: LocalFolders, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "An app"}')
    with pytest.raises(FolderUnusable, match="was not written by an export"):
        folders.open(tmp_path)
    (tmp_path / "manifest.json").unlink()
    folders.open(tmp_path).close()


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, FolderUnusable, "The disk is full"),
        (errno.EACCES, FolderUnusable, "no permission"),
        (errno.EROFS, FolderUnusable, "read-only"),
        (errno.EIO, TransientError, "just now"),
    ],
)
def test_trouble_with_a_disk_is_told_in_a_sentence_and_changes_nothing(
    folders: LocalFolders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
    words: str,
) -> None:
    export(folders, tmp_path, *FIRST)
    before = contents(tmp_path)

    def broken(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(kind, match=words):
        export(folders, tmp_path, *SECOND)
    assert contents(tmp_path) == before
