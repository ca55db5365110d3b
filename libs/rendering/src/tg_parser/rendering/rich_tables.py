"""Tables of rich messages: Markdown knows no merged cells, so that their text is repeated in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tg_parser.rendering.blocks import Table
from tg_parser.rendering.rich_text import styled_of
from tg_parser.rendering.styled import NOTHING, Styled

MOST_COLUMNS: Final = 64
MOST_ROWS: Final = 1_000
"""What is shown of a table; a cell may claim to be as wide as it likes."""
LONGEST_REPEATED: Final = 200
"""Characters of a merged cell that are repeated; a longer text stands in its first cell alone."""


def table_of(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The table, every row as long as the longest."""
    grid: dict[tuple[int, int], Styled] = {}
    shown = rows[:MOST_ROWS]
    for at, row in enumerate(shown):
        cells = row.get("cells")
        _fill(
            grid,
            at,
            len(shown),
            [cell for cell in cells if isinstance(cell, Mapping)] if isinstance(cells, (list, tuple)) else [],
        )
    width = max((column + 1 for _, column in grid), default=0)
    height = max((row + 1 for row, _ in grid), default=0)
    return Table(tuple(tuple(grid.get((row, column), NOTHING) for column in range(width)) for row in range(height)))


def _fill(grid: dict[tuple[int, int], Styled], row: int, rows: int, cells: Sequence[Mapping[str, Any]]) -> None:
    column = 0
    for cell in cells:
        while (row, column) in grid:
            column += 1
        text = styled_of(cell.get("text"))
        again = text if len(text.text) <= LONGEST_REPEATED else NOTHING
        for down in range(min(_span(cell, "rowspan"), rows - row)):
            for right in range(min(_span(cell, "colspan"), MOST_COLUMNS - column)):
                grid.setdefault((row + down, column + right), again if down or right else text)
        column += _span(cell, "colspan")


def _span(cell: Mapping[str, Any], name: str) -> int:
    span = cell.get(name)
    return span if type(span) is int and span > 0 else 1
