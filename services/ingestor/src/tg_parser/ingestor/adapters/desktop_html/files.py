"""Which pages an export has, and of which chat it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.exports.location import inside, locate
from tg_parser.ingestor.ports import SourceRefused

FIRST: Final = ("messages.html", "index.html")
ACCOUNT: Final = "export_results.html"
NUMBERED: Final = re.compile(r"messages(\d{1,6})?\.html")
BARE: Final = re.compile(r"(?:-100)?(?P<id>[1-9]\d{0,15})")
NAMED: Final = re.compile(r"(?:user|chat)[1-9]\d{0,15}")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page of an export. `missing`: the pages that should come before it and are not there."""

    path: Path
    missing: tuple[str, ...] = ()


def page_files(location: str, roots: Sequence[Path]) -> list[PageFile]:
    """The pages in order, the first one where `location` points to. Raises SourceRefused as `locate` does."""
    first = _first(location, roots)
    found = NUMBERED.fullmatch(first.name)
    number = int(found[1] or 1) if found else 1
    files = [PageFile(first)]
    for other in sorted(_numbers(first.parent)):
        if other > number:
            missing = tuple(_name(absent) for absent in range(number + 1, min(other, number + 100)))
            files.append(PageFile(inside(first.parent / _name(other), location, roots), missing))
            number = other
    return files


def channel_id_of(spec: SourceSpec) -> str:
    """The chat the messages belong to, which only the person who imports them can tell. Raises SourceRefused if it is not told."""
    if not spec.channel_id:
        raise SourceRefused(
            f"{spec.location} is an HTML export, which does not say which chat it is of. "
            "Name the chat's id, or import the JSON export of it, which holds more."
        )
    bare = BARE.fullmatch(spec.channel_id)
    if bare:
        return bare["id"]
    if NAMED.fullmatch(spec.channel_id):
        return spec.channel_id
    raise SourceRefused(
        f"{spec.channel_id!r} is no id of a chat. One is 1234567890, for example, or chat123 of a group."
    )


def _first(location: str, roots: Sequence[Path]) -> Path:
    try:
        return locate(location, roots, FIRST)
    except SourceRefused as refused:
        if refused.cause == "not_found" and (Path(location) / ACCOUNT).is_file():
            raise SourceRefused(
                f"{location} is the export of a whole account. Name the folder of one chat in it, "
                "such as chats/chat_001, and the chat's id."
            ) from refused
        raise


def _numbers(folder: Path) -> Iterator[int]:
    for path in folder.iterdir():
        found = NUMBERED.fullmatch(path.name)
        if found and found[1] and not found[1].startswith("0"):
            yield int(found[1])


def _name(number: int) -> str:
    return f"messages{number if number > 1 else ''}.html"
