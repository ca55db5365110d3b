"""The terms that occur, how telling each is, and in which stories it occurs.

A term is as telling as it is rare, counted in quarter octaves of document frequency: whole numbers, the same on every
machine. Numbers of terms are private to one run; nothing that is told depends on them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]
Weights = NDArray[np.int64]

_THRESHOLDS: Final = np.array([math.isqrt(math.isqrt(2**step - 1)) + 1 for step in range(128)], dtype=np.int64)
"""The smallest count of each level: the fourth root of 2 to the level, rounded up."""


def level(count: int) -> int:
    """floor(4 · log2(count)), exactly; 0 for nothing."""
    return (count**4).bit_length() - 1 if count else 0


class Vocabulary:
    """Terms by number."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._frequency: NDArray[np.int32] = np.zeros(1024, dtype=np.int32)
        self._levels: NDArray[np.uint8] = np.zeros(1024, dtype=np.uint8)
        self.documents = 0

    def heard(self, terms: Collection[str]) -> Indices:
        """The number of each of `terms`, in their order; -1 for one that does not occur."""
        get = self._numbers.get
        return np.fromiter((get(term, -1) for term in terms), dtype=np.int32, count=len(terms))

    def known(self, terms: Iterable[str]) -> list[int]:
        """The numbers of those terms that occur."""
        return [number for term in terms if (number := self._numbers.get(term)) is not None]

    def numbers(self, terms: Sequence[str]) -> Indices:
        """The numbers of `terms`, given to new ones now."""
        for term in terms:
            if term not in self._numbers:
                self._numbers[term] = len(self.names)
                self.names.append(term)
        if len(self.names) > len(self._frequency):
            size = max(len(self.names), 2 * len(self._frequency))
            self._frequency = np.pad(self._frequency, (0, size - len(self._frequency)))
            self._levels = np.pad(self._levels, (0, size - len(self._levels)))
        return np.fromiter((self._numbers[term] for term in terms), dtype=np.int32, count=len(terms))

    def count(self, indices: Indices, by: int) -> None:
        """One document with these terms more, or less."""
        self.documents += by
        self._frequency[indices] += by
        self._levels[indices] = np.maximum(np.searchsorted(_THRESHOLDS, self._frequency[indices], side="right") - 1, 0)

    def frequency(self, number: int) -> int:
        """In how many documents a term occurs."""
        return int(self._frequency[number])

    def telling(self, indices: Indices) -> Weights:
        """How telling each term is, at least 1."""
        return (level(self.documents + 1) + 1) - self._levels[indices].astype(np.int64)

    def telling_one(self, number: int) -> int:
        """How telling one term is."""
        return level(self.documents + 1) + 1 - int(self._levels[number])

    def unheard(self) -> int:
        """How telling a term is that has never occurred."""
        return level(self.documents + 1) + 1
