"""Numbers as the page writes them: `4.02K`, `10 518`, `1:02:05`."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

COUNT: Final = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)(?P<unit>[KMB]?)", re.ASCII)
SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
UNITS: Final = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
LONGEST: Final = 24  # characters of a number, unit and all
CLOCK: Final = re.compile(r"\d{1,4}(?::\d{1,2}){1,2}", re.ASCII)


class Count(NamedTuple):
    """A counter; `exact` is False where the page rounds it."""

    value: int
    exact: bool


def count(text: str) -> Count | None:
    """The counter a text begins with, `4.02K views` as 4,020; None if it begins with none."""
    found = COUNT.match(SPACES.sub("", text[:LONGEST]))
    if found is None:
        return None
    unit = UNITS[found["unit"]]
    if unit == 1:
        whole = found["number"].replace(",", "")
        return Count(int(whole.split(".")[0]), exact=True)
    return Count(round(float(found["number"].replace(",", ".")) * unit), exact=False)


def seconds(text: str) -> int | None:
    """The seconds of `0:34` or `1:02:05`; None if it is neither."""
    if not CLOCK.fullmatch(text.strip()):
        return None
    total = 0
    for part in text.strip().split(":"):
        total = total * 60 + int(part)
    return total
