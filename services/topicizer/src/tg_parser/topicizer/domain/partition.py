"""Tier 2: stories grouped into topics by their likeness, with a fixed seed, beginning from the topics that stand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from graspologic_native import leiden  # pyright: ignore[reportAttributeAccessIssue] - compiled, without stubs
from scipy.sparse import csr_matrix

from tg_parser.topicizer.domain.stories import Stories

NEIGHBOURS = 15  # of each story
WEAKEST = 0.05  # cosine below which two stories have nothing in common
RESOLUTION = 0.06  # constant Potts model: likeness within a topic is above this, between topics below
SEED = 20_260_101
RANDOMNESS = 0.001
ITERATIONS = 3
BLOCK = 512  # stories compared with all others at once: bounds memory

Edge = tuple[str, str, float]


def parameters() -> dict[str, float | int | str]:
    """What a regroup depends on besides its stories; recorded with each."""
    return {
        "algorithm": "leiden-cpm",
        "resolution": RESOLUTION,
        "neighbours": NEIGHBOURS,
        "weakest": WEAKEST,
        "seed": SEED,
        "iterations": ITERATIONS,
    }


def likeness(stories: Stories, names: list[str]) -> list[Edge]:
    """The strongest likenesses between stories, each pair once, in a fixed order."""
    matrix = _matrix(stories, names)
    edges: dict[tuple[str, str], float] = {}
    for start in range(0, len(names), BLOCK):
        block = matrix[start : start + BLOCK] @ matrix.T
        for offset in range(block.shape[0]):
            for other, value in _nearest(block, offset, start + offset):
                pair = (names[start + offset], names[other])
                edges[min(pair), max(pair)] = value
    return [(first, second, value) for (first, second), value in sorted(edges.items())]


def _matrix(stories: Stories, names: list[str]) -> csr_matrix:
    """Stories by terms, idf-weighted, each row of length 1."""
    columns: dict[str, int] = {}
    data: list[float] = []
    indices: list[int] = []
    starts = [0]
    for name in names:
        total = stories.stories[name].total
        row = {term: np.sqrt(value) * stories.weight(term) for term, value in sorted(total.items())}
        norm = float(np.sqrt(sum(value**2 for value in row.values()))) or 1.0
        for term, value in row.items():
            indices.append(columns.setdefault(term, len(columns)))
            data.append(value / norm)
        starts.append(len(data))
    return csr_matrix((data, indices, starts), shape=(len(names), max(1, len(columns))))


def _nearest(block: csr_matrix, offset: int, own: int) -> list[tuple[int, float]]:
    first, last = block.indptr[offset], block.indptr[offset + 1]
    others: list[int] = block.indices[first:last].tolist()
    values: list[float] = block.data[first:last].round(6).tolist()
    alike = [(other, value) for other, value in zip(others, values, strict=True) if other != own and value >= WEAKEST]
    return sorted(alike, key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS]


def partition(edges: list[Edge], current: Mapping[str, str]) -> dict[str, str]:
    """Story → group. Groups have names of their own run; `current` (story → topic) is where the search begins.

    Stories without an edge are in no group.
    """
    if not edges:
        return {}
    nodes = sorted({node for edge in edges for node in edge[:2]})
    numbers: dict[str, int] = {}
    start = {node: numbers.setdefault(current.get(node, node), len(numbers)) for node in nodes}
    _, found = leiden(
        edges,
        starting_communities=start,
        resolution=RESOLUTION,
        randomness=RANDOMNESS,
        iterations=ITERATIONS,
        use_modularity=False,
        seed=SEED,
    )
    names: dict[int, str] = {}
    return {node: names.setdefault(found[node], node) for node in nodes}
