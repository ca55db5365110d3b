from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.ingestor.adapters.exports.location import locate
from tg_parser.ingestor.ports import SourceRefused


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder open for imports, with one export in it, beside a secret."""
    (tmp_path / "secret.json").write_text("{}")
    root = tmp_path / "imports"
    (root / "chat").mkdir(parents=True)
    (root / "chat" / "result.json").write_text("{}")
    return root


def refusal(location: object, *roots: Path) -> str:
    with pytest.raises(SourceRefused) as refused:
        locate(str(location), roots, ["result.json"])
    return str(refused.value)


def test_a_file_inside_an_open_folder_is_found(root: Path) -> None:
    path = root / "chat" / "result.json"
    assert locate(str(path), [root.parent / "other", root], ["result.json"]) == path.resolve()


def test_a_folder_means_the_export_in_it(root: Path) -> None:
    assert (
        locate(str(root / "chat"), [root], ["messages.html", "result.json"])
        == (root / "chat" / "result.json").resolve()
    )


def test_the_open_folder_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert locate(str(tmp_path / "link" / "chat"), [tmp_path / "link"], ["result.json"]).name == "result.json"


def test_nothing_is_read_where_no_folder_is_open(root: Path) -> None:
    assert "TG_INGESTOR__IMPORT_ROOTS" in refusal(root / "chat")


def test_a_path_that_climbs_out_is_refused(root: Path) -> None:
    assert "does not lie in a folder that is open for imports" in refusal(
        root / "chat" / ".." / ".." / "secret.json", root
    )


@pytest.mark.parametrize("name", ["result.json", "file.json"])
def test_a_link_that_leads_out_is_refused(root: Path, name: str) -> None:
    (root / "linked").mkdir()
    (root / "linked" / name).symlink_to(root.parent / "secret.json")
    location = root / "linked" if name == "result.json" else root / "linked" / name
    assert "does not lie in a folder that is open for imports" in refusal(location, root)


def test_whether_something_exists_elsewhere_is_not_told(root: Path) -> None:
    there, missing = refusal(root.parent / "secret.json", root), refusal(root.parent / "missing.json", root)
    assert there.replace("secret", "missing") == missing


def test_a_missing_file_is_named(root: Path) -> None:
    assert refusal(root / "nothing.json", root) == f"{root}/nothing.json does not exist."


def test_a_folder_without_an_export_is_named(root: Path) -> None:
    assert refusal(root, root) == f"{root} holds no result.json."


def test_an_empty_file_is_named(root: Path) -> None:
    (root / "empty.json").touch()
    assert refusal(root / "empty.json", root) == f"{root}/empty.json is empty."


def test_a_folder_called_like_an_export_is_no_file(root: Path) -> None:
    (root / "result.json").mkdir()
    assert "is not a regular file" in refusal(root, root)


@pytest.mark.parametrize("location", ["chat/result.json", "", "~/result.json"])
def test_a_relative_path_is_refused(root: Path, location: str) -> None:
    assert "is not an absolute path" in refusal(location, root)


def test_a_name_no_file_can_have_is_refused(root: Path) -> None:
    assert "cannot be read" in refusal(f"{root}/a\0b", root)
