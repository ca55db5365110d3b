"""What a rich message links to and is tagged with, as entities say it of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tg_parser.rendering.rich_text import styled_of

DEEPEST: Final = 64
"""Nodes inside each other that are looked into: texts within blocks within blocks."""


def addresses_of(blocks: Iterable[Any]) -> tuple[str, ...]:
    """Every address the blocks link to, in their order, each once."""
    return tuple(dict.fromkeys(filter(None, (_address(node) for node in _nodes(list(blocks), DEEPEST)))))


def hashtags_of(blocks: Iterable[Any]) -> tuple[str, ...]:
    """Every hashtag in the blocks, in their order, each once."""
    tags = (styled_of(node).text for node in _nodes(list(blocks), DEEPEST) if node.get("_") == "textHashtag")
    return tuple(dict.fromkeys(tags))


def _address(node: Mapping[str, Any]) -> str:
    if node.get("_") == "textAutoUrl":
        return styled_of(node).text
    url = node.get("url")
    return url if isinstance(url, str) else ""


def _nodes(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping) and depth:
        yield value
        for inner in value.values():
            yield from _nodes(inner, depth - 1)
    elif isinstance(value, (list, tuple)) and depth:
        for inner in value:
            yield from _nodes(inner, depth - 1)
