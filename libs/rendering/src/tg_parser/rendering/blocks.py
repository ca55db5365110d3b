"""What a message is made of, from top to bottom: the same few blocks for entities, rich messages, polls and the rest."""

from __future__ import annotations

from dataclasses import dataclass

from tg_parser.rendering.styled import NOTHING, Styled


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs of lines."""

    content: Styled


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, 1 (highest) to 6."""

    level: int
    content: Styled


@dataclass(frozen=True, slots=True)
class Preformatted:
    """Text as it stands, such as a program."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else said, or what is set off like that."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list. `ticked` None: it is nothing to tick."""

    blocks: tuple[Block, ...]
    ticked: bool | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. `first` is the number of its first item; None: it is not numbered."""

    items: tuple[Item, ...]
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows have equally many cells. The first row is its head."""

    rows: tuple[tuple[Styled, ...], ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in TeX, on a line of its own."""

    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to look at or listen to: what it is, and what is said of it. Only the latter is words."""

    label: str
    caption: Styled = NOTHING


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


Block = Prose | Heading | Preformatted | Quote | Listing | Table | Formula | Shown | Rule
