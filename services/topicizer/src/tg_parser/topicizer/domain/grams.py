"""The second view: character 3- to 5-grams within words, which see kinship where stems differ ("плотина", "плотинный").

A term's n-grams are hashed into few dimensions; a text's view is the sum over its terms, weighted as the terms are.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIZES: Final = (3, 4, 5)
DIMENSIONS: Final = 1 << 13
HEAVIEST: Final = 60  # terms: the light ones of a long text change little and cost time
_UNIT: Final = 64.0  # the length of one term's view, in whole numbers

View = NDArray[np.float64]


@lru_cache(maxsize=30_000)
def _term(term: str) -> tuple[bytes, int, float]:
    """Dimensions as packed int32, how many, and the weight of each. A tag or an address is one piece."""
    marked = f"<{term}>"
    whole = term.startswith(("#", "url:")) or term[0].isdigit()
    pieces = [marked] if whole else [marked[i : i + n] for n in SIZES for i in range(len(marked) - n + 1)]
    found = np.fromiter((zlib.crc32(piece.encode()) % DIMENSIONS for piece in pieces), dtype=np.int32)
    return found.tobytes(), len(pieces), float(round(_UNIT / math.sqrt(len(pieces))))


def view(terms: Sequence[str], weights: NDArray[np.float64]) -> View:
    """The view of a text with these terms; of many, the HEAVIEST."""
    kept = heaviest(weights)
    parts = [_term(terms[place]) for place in kept.tolist()]
    where = np.frombuffer(b"".join([part[0] for part in parts]), dtype=np.int32)
    each = weights[kept] * np.array([part[2] for part in parts])
    summed = np.bincount(where, np.repeat(each, [part[1] for part in parts]), minlength=DIMENSIONS)
    return summed.astype(np.float64, copy=False)


def heaviest(weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of the HEAVIEST weights, and of those that weigh as much as the last of them."""
    if len(weights) <= HEAVIEST:
        return np.arange(len(weights))
    return np.nonzero(weights >= np.partition(weights, -HEAVIEST)[-HEAVIEST])[0]


def cosine(one: View, other: View) -> float:
    """How alike two views are, 0 to 1."""
    length = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / length if length else 0.0
