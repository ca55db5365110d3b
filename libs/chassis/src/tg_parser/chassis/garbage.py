"""Garbage collection of a process that is set up once and then works for days."""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 5_000
"""Objects made until the young ones are looked through, instead of 700: a batch of messages has come and gone by then."""


def settle() -> None:
    """Leave everything that is there now out of later collections. Call it when the process is set up, before it works.

    Modules, models and connections are a quarter of a million objects that stay for ever. Looking through them again and
    again took a sixth of the time of a process that has all the services.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
