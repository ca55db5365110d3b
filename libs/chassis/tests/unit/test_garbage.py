from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from tg_parser.chassis.garbage import YOUNG, settle


class Node:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _unsettled() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_left_alone_and_what_comes_later_is_collected() -> None:
    kept = Node()
    settle()
    assert gc.get_threshold()[0] == YOUNG
    assert gc.get_freeze_count() > 0
    assert not any(each is kept for each in gc.get_objects())
    later = weakref.ref(Node())
    gc.collect()
    assert later() is None


def test_garbage_is_not_kept_for_ever() -> None:
    dropped = weakref.ref(Node())
    settle()
    assert dropped() is None
