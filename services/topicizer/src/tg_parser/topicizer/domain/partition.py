"""Tier 2, the arithmetic: stories grouped by their likeness, with a fixed seed, beginning from the topics that stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from graspologic_native import leiden  # pyright: ignore[reportAttributeAccessIssue] - compiled, without stubs
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tg_parser.topicizer.domain.stories import StoryIndex

BLOCK: Final = 512
"""Stories compared with all others at once: bounds memory."""

Edge = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Granularity:
    """How coarse topics are. Recorded with every regroup, so that it can be done again."""

    resolution: float = 0.08
    """Constant Potts model: likeness within a topic is above this on average, between topics below. 0.12 suits the news of
    a few days; a channel follows a story for weeks in new words, and at 0.12 it falls apart."""
    inertia: float = 0.02
    """How much more alike two stories of one topic are taken to be: halves what moves at a regroup, and costs no precision."""
    neighbours: int = 15
    """Edges kept of each story. More cost time and chain topics together."""
    weakest: float = 0.05
    """Cosine below which two stories have nothing in common."""
    common: int = 400
    """A term in more stories than this tells them apart badly and costs most of the time: it is not compared."""
    seed: int = 20_260_101
    randomness: float = 0.001
    iterations: int = 3

    def recorded(self) -> dict[str, Any]:
        """Everything a regroup depends on besides its stories."""
        return {"algorithm": "leiden-cpm", **asdict(self)}


def likeness(stories: StoryIndex, names: list[str], granularity: Granularity) -> list[Edge]:
    """The strongest likenesses between the stories `names` (sorted), each pair once, in a fixed order."""
    matrix = _matrix(stories, names, granularity.common)
    turned = matrix.T.tocsr()
    edges: dict[tuple[int, int], float] = {}
    for start in range(0, len(names), BLOCK):
        block = matrix[start : start + BLOCK] @ turned
        for offset in range(block.shape[0]):
            own = start + offset
            for other, value in _nearest(block, offset, own, granularity):
                edges[min(own, other), max(own, other)] = value
    return [(names[one], names[other], value) for (one, other), value in sorted(edges.items())]


def _matrix(stories: StoryIndex, names: list[str], common: int) -> csr_matrix:
    """Stories by terms, each row of length 1 before the terms that compare nothing are left out."""
    columns: list[NDArray[np.int32]] = []
    data: list[NDArray[np.float64]] = []
    for name in names:
        story = stories.stories[name]
        row = np.sqrt(story.total) * stories.vocabulary.telling(story.terms)
        spread = np.fromiter((len(stories.posting(term)) for term in story.terms.tolist()), dtype=np.int64)
        kept = (spread > 1) & (spread <= common)
        columns.append(story.terms[kept])
        data.append(row[kept] / (np.sqrt((row * row).sum()) or 1.0))
    starts = np.concatenate(([0], np.cumsum([len(row) for row in columns])))
    shape = (len(names), max(1, len(stories.vocabulary.names)))
    return csr_matrix((np.concatenate([*data, []]), np.concatenate([*columns, []]), starts), shape=shape)


def _nearest(block: csr_matrix, offset: int, own: int, granularity: Granularity) -> list[tuple[int, float]]:
    first, last = block.indptr[offset], block.indptr[offset + 1]
    others = np.asarray(block.indices[first:last], dtype=np.int64)
    values = np.asarray(block.data[first:last], dtype=np.float64).round(6)
    close = (values >= granularity.weakest) & (others != own)
    others, values = others[close], values[close]
    order = np.lexsort((others, -values))[: granularity.neighbours]
    return list(zip(others[order].tolist(), values[order].tolist(), strict=True))


def partition(edges: list[Edge], current: Mapping[str, str], granularity: Granularity) -> dict[str, str]:
    """Story → group, a group being named for its first story; `current` (story → topic) is where the search begins.

    Stories without an edge are in no group.
    """
    if not edges:
        return {}
    nodes = sorted({node for edge in edges for node in edge[:2]})
    weighed = [(one, other, value + _inertia(one, other, current, granularity)) for one, other, value in edges]
    numbers: dict[str, int] = {}
    start = {node: numbers.setdefault(current.get(node, node), len(numbers)) for node in nodes}
    _, found = leiden(
        weighed,
        starting_communities=start,
        resolution=granularity.resolution,
        randomness=granularity.randomness,
        iterations=granularity.iterations,
        use_modularity=False,
        seed=granularity.seed,
    )
    names: dict[int, str] = {}
    return {node: names.setdefault(found[node], node) for node in nodes}


def _inertia(one: str, other: str, current: Mapping[str, str], granularity: Granularity) -> float:
    topic = current.get(one)
    return granularity.inertia if topic is not None and topic == current.get(other) else 0.0
