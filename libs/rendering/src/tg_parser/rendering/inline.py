"""Styled lines as Markdown.

`**`, `_` and `~~` are used where every reader takes them for what they are, tags elsewhere: `**"слово"**дальше` would not
close, and marks inside a word are read in several ways. What is certain is said by the rules of CommonMark for flanking.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tg_parser.rendering.escaping import destination, escaped, fence
from tg_parser.rendering.nesting import VERBATIM, nestable, settled
from tg_parser.rendering.styled import Range, Style, Styled

MARKS: Final[dict[Style, str]] = {"bold": "**", "italic": "_", "strikethrough": "~~"}
TAGS: Final[dict[Style, str]] = {
    "bold": "strong",
    "italic": "em",
    "strikethrough": "del",
    "underline": "u",
    "spoiler": "tg-spoiler",
    "subscript": "sub",
    "superscript": "sup",
    "marked": "mark",
}
PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
SPACE: Final = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
EDGE: Final = " "
MARKUP: Final = "*"
"""What the character beside markup counts for: whichever it is, it is punctuation."""


@dataclass(slots=True)
class _Text:
    text: str


@dataclass(slots=True)
class _Mark:
    piece: Range
    opens: bool
    partner: int = -1


_Token = _Text | _Mark


def inline_lines(styled: Styled, *, begin: bool = True) -> Iterator[str]:
    """Each line of a text as Markdown, without the spaces around it; empty where a line is blank.

    Args:
        styled: the text.
        begin: lines begin where blocks could, so that what looks like one is escaped.
    """
    if not styled.ranges:
        yield from (escaped(line.strip(), begins_line=begin) for line in styled.text.split("\n"))
        return
    waiting = deque(settled(styled.ranges))
    active: list[Range] = []
    start = 0
    for line in styled.text.split("\n"):
        end = start + len(line)
        while waiting and waiting[0].start < end:
            active.append(waiting.popleft())
        if active:
            here = [each.cut(start, end).moved(-start) for each in active]
            yield _line(line, nestable(line, here), begin=begin)
            active = [each for each in active if each.end > end]
        else:
            yield escaped(line.strip(), begins_line=begin)
        start = end + 1


def _line(line: str, pieces: list[Range], *, begin: bool) -> str:
    if not pieces:
        return escaped(line.strip(), begins_line=begin)
    tokens = _tokens(line, pieces)
    written: list[str] = []
    verbatim: list[Style] = []
    for at, token in enumerate(tokens):
        if isinstance(token, _Mark):
            _write_mark(tokens, at, written, verbatim)
        elif verbatim:
            written.append(_verbatim(token.text, verbatim[-1]))
        else:
            starts = begin and not any(written)
            written.append(escaped(token.text.lstrip() if not any(written) else token.text, begins_line=starts))
    return "".join(written).rstrip()


def _tokens(line: str, pieces: list[Range]) -> list[_Token]:
    """Text and marks in order, always well nested: what has to close inside another is opened again behind it."""
    begin: dict[int, list[Range]] = {}
    for piece in pieces:
        begin.setdefault(piece.start, []).append(piece)
    cuts = sorted({0, len(line), *begin, *(each.end for each in pieces)})
    tokens: list[_Token] = []
    stack: list[int] = []  # positions of the marks that are open
    active: list[Range] = []
    for start, end in zip(cuts, [*cuts[1:], len(line)], strict=True):
        active = [each for each in active if each.end > start] + begin.get(start, [])
        active.sort(key=_outermost_first)
        kept = _still_open(tokens, stack, active)
        _close(tokens, stack, kept)
        for piece in active[kept:]:
            stack.append(len(tokens))
            tokens.append(_Mark(piece, opens=True))
        if start < end:
            tokens.append(_Text(line[start:end]))
    return tokens


def _outermost_first(piece: Range) -> tuple[bool, bool, int, int, str]:
    innermost = piece.style in VERBATIM
    return innermost, piece.style == "address", piece.start - piece.end, piece.start, piece.style


def _still_open(tokens: Sequence[_Token], stack: Sequence[int], active: Sequence[Range]) -> int:
    for depth, (at, piece) in enumerate(zip(stack, active, strict=False)):
        mark = tokens[at]
        if not isinstance(mark, _Mark) or mark.piece is not piece:
            return depth
    return min(len(stack), len(active))


def _close(tokens: list[_Token], stack: list[int], kept: int) -> None:
    while len(stack) > kept:
        at = stack.pop()
        opening = tokens[at]
        if isinstance(opening, _Mark):
            opening.partner = len(tokens)
            tokens.append(_Mark(opening.piece, opens=False, partner=at))


def _write_mark(tokens: Sequence[_Token], at: int, written: list[str], verbatim: list[Style]) -> None:
    mark = tokens[at]
    if not isinstance(mark, _Mark):
        return
    style = mark.piece.style
    if style in VERBATIM or style == "address":
        verbatim[:] = [style] if mark.opens else []
    elif style == "link":
        if mark.opens and written and written[-1].endswith("!"):
            written[-1] = f"{written[-1][:-1]}\\!"  # `![` begins a picture
        written.append("[" if mark.opens else f"](<{destination(mark.piece.url)}>)")
    else:
        opening, closing = (at, mark.partner) if mark.opens else (mark.partner, at)
        sign = MARKS.get(style)
        if sign and _certain(tokens, opening, closing, within_words=sign != "_"):
            written.append(sign)
        else:
            written.append(f"<{'' if mark.opens else '/'}{TAGS[style]}>")


def _verbatim(text: str, style: Style) -> str:
    if style == "address":
        return f"<{text}>"
    if style == "math" and escaped(text, begins_line=False) == text:
        return f"${text}$"
    if style == "math":  # as GitHub and GitLab write it; others show it as code
        return f"${_verbatim(text, 'code')}$"
    marks = fence(text, at_least=1)
    padded = text.startswith(("`", " ")) or text.endswith(("`", " "))
    return f"{marks} {text} {marks}" if padded else f"{marks}{text}{marks}"


def _certain(tokens: Sequence[_Token], opening: int, closing: int, *, within_words: bool) -> bool:
    return _flanks(_before(tokens, opening), _after(tokens, opening), within_words=within_words) and _flanks(
        _after(tokens, closing), _before(tokens, closing), within_words=within_words
    )


def _flanks(outside: str, inside: str, *, within_words: bool) -> bool:
    """Whether a mark between two characters is certainly one. Inside a word only `*` and `~` are."""
    if inside.isspace():
        return False
    apart = SPACE.match(outside) is not None or outside in PUNCTUATION
    return apart or (within_words and inside.isalnum() and outside.isalnum())


def _before(tokens: Sequence[_Token], at: int) -> str:
    neighbour = tokens[at - 1] if at else None
    if neighbour is None:
        return EDGE
    return neighbour.text[-1] if isinstance(neighbour, _Text) else MARKUP


def _after(tokens: Sequence[_Token], at: int) -> str:
    neighbour = tokens[at + 1] if at + 1 < len(tokens) else None
    if neighbour is None:
        return EDGE
    return neighbour.text[0] if isinstance(neighbour, _Text) else MARKUP
