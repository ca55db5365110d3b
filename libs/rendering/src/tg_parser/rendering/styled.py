"""A text with styled ranges, counted in characters: what every inline rendering starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Style = Literal[
    "bold", "italic", "underline", "strikethrough", "spoiler", "subscript", "superscript", "marked", "code", "math", "link",
    "address",
]  # fmt: skip
"""`address`: the text itself is where it leads. Any other is `link`, with its `url`."""


class Range(NamedTuple):
    """The characters from `start` up to, not including, `end`, and how they look."""

    start: int
    end: int
    style: Style
    url: str = ""

    def cut(self, start: int, end: int) -> Range:
        """The part of it within `start` and `end`; what lies outside leaves it without length."""
        if start <= self.start and self.end <= end:
            return self
        return Range(max(self.start, start), min(self.end, end), self.style, self.url)

    def moved(self, by: int) -> Range:
        """The same range of a text that has `by` more characters before it."""
        return Range(self.start + by, self.end + by, self.style, self.url)


@dataclass(frozen=True, slots=True)
class Styled:
    """A text and its ranges, in any order and overlapping at will. Lines end with a line feed alone."""

    text: str
    ranges: tuple[Range, ...] = ()

    def part(self, start: int, end: int) -> Styled:
        """The text from `start` up to `end` with what is styled of it."""
        if start == 0 and end == len(self.text):
            return self
        kept = (each.cut(start, end) for each in self.ranges)
        return Styled(self.text[start:end], tuple(each.moved(-start) for each in kept if each.start < each.end))

    def with_style(self, style: Style) -> Styled:
        """The same, and all of it in `style` besides."""
        return Styled(self.text, (*self.ranges, Range(0, len(self.text), style))) if self.text else self


NOTHING: Final = Styled("")


def joined(parts: Iterable[Styled]) -> Styled:
    """One text after the other."""
    texts, ranges, length = list[str](), list[Range](), 0
    for part in parts:
        ranges += [each.moved(length) for each in part.ranges]
        texts.append(part.text)
        length += len(part.text)
    return Styled("".join(texts), tuple(ranges))
