"""Which messages are gone, and which are back. Pure.

A source that tells of a deletion is believed. One that shows a whole stretch is believed about what it does not show, unless
that is too much: Telegram's own faults look like mass deletions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tg_parser.contracts.ids import parse_source_ref
from tg_parser.contracts.messages import Covered, MessageDeleted, MessageRestored
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import DeletionsHeld
from tg_parser.ingestor.domain import KnownState, MessageGone, MessageSeen, Page

BELIEVED_GONE: Final = 10
"""So many missing messages of a stretch are believed at once; more only if they are few of it: Telegram's own faults look alike."""
BELIEVED_SHARE: Final = 0.05


def seen(page: Page) -> Sequence[MessageSeen]:
    """The messages a page shows."""
    return [item for item in page.items if isinstance(item, MessageSeen)]


def returned(page: Page, messages: Mapping[str, KnownState]) -> list[Fact]:
    """Messages told to be gone that are there after all."""
    refs = {item.message.source_ref: item.message.channel_id for item in seen(page)}
    return [
        MessageRestored(channel_id=channel_id, source_ref=ref)
        for ref, channel_id in refs.items()
        if ref in messages and messages[ref].deleted
    ]


def gone(page: Page, messages: Mapping[str, KnownState], present: Mapping[Covered, Collection[str]]) -> list[Fact]:
    """What is told to be gone. `present`: for each stretch shown as a whole, the messages known in it and not gone."""
    facts: list[Fact] = []
    certain = [item.source_ref for item in page.items if isinstance(item, MessageGone)]
    for ref in certain:
        state = messages.get(ref)
        if state and not state.deleted:
            facts.append(MessageDeleted(channel_id=parse_source_ref(ref).channel_id, source_ref=ref))
    shown = {item.message.source_ref for item in seen(page)} | set(certain)
    for stretch in page.covered:
        facts += _missing(stretch, present.get(stretch, ()), shown)
    return facts


def _missing(stretch: Covered, present: Collection[str], shown: Collection[str]) -> Sequence[Fact]:
    """What is known in a stretch and was not shown, unless it is too much of it to be believed."""
    absent = sorted(ref for ref in present if ref not in shown)
    if len(absent) > max(BELIEVED_GONE, BELIEVED_SHARE * len(present)):
        held = DeletionsHeld(channel_id=stretch.channel_id, first=stretch.first, last=stretch.last, missing=len(absent))
        return (held,)
    return [MessageDeleted(channel_id=stretch.channel_id, source_ref=ref, confidence="absent") for ref in absent]
