"""One message of a page against what is known of it: new, edited, enriched, or nothing new. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tg_parser.contracts.messages import (
    KnownMessage,
    MessageEdited,
    MessageEnriched,
    MessageIngested,
    Observation,
    TelegramMessage,
)
from tg_parser.ingestor.domain import KnownState, MessageSeen, Reading
from tg_parser.ingestor.merging import Told, joined, merged, observation, observations_of

Verdict = Literal["ingested", "edited", "known", "passed"]
"""`passed`: known, and none of this workflow's business."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact about a message as the log holds it, and when it was told."""

    fact: Told
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, the fact that tells it, and the entry that makes a known message the workflow's own."""

    verdict: Verdict
    fact: Told | None = None
    known: KnownMessage | None = None


def plainly_known(state: KnownState, content_hash: str, reading: Reading) -> bool:
    """Whether this kind of source has shown exactly this before."""
    return state.content_hash == content_hash and reading.source_kind in state.kinds


def judge(
    seen: MessageSeen, state: KnownState | None, recorded: Recorded | None, reading: Reading, as_of: datetime | None
) -> Judged:
    """What a message of a page comes to. `recorded`: the fact behind `state`, where that alone does not say it."""
    ref = seen.message.source_ref
    if state is None:
        return Judged("ingested", fact=_ingested(seen, reading, as_of))
    if plainly_known(state, seen.content_hash, reading) or recorded is None:
        return _unchanged(ref, state, reading)
    before = recorded.fact
    observations = joined(
        observations_of(before, recorded.told_at), observation(seen.message, reading.source_kind, reading.began, as_of)
    )
    message = merged(observations)
    if message == before.message:
        return _unchanged(ref, state, reading)
    several, since = _kept(observations)
    if _is_edit(message, before, state, reading):
        edited = MessageEdited(
            message=message,
            content_hash=message.content_hash(),
            source_kind=reading.source_kind,
            parser_version=reading.parser_version,
            observations=several,
            as_of=since,
            revision=state.revision + 1,
            previous_hash=state.content_hash,
        )
        return Judged("edited", fact=edited)
    enriched = MessageEnriched(
        message=message,
        content_hash=message.content_hash(),
        source_kind=reading.source_kind,
        parser_version=reading.parser_version,
        observations=several,
        as_of=since,
        revision=state.revision,
    )
    return replace(_known(ref, state, reading), fact=enriched)


def _is_edit(message: TelegramMessage, before: Told, state: KnownState, reading: Reading) -> bool:
    """Another text is an edit, whoever shows it; another style or picture only if this kind of source showed the old one too."""
    if message.text_hash() != before.message.text_hash():
        return True
    return reading.source_kind in state.kinds and message.content_hash() != state.content_hash


def _unchanged(ref: str, state: KnownState, reading: Reading) -> Judged:
    if state.told_by == reading.name:  # told by an attempt that did not reach the commit
        return Judged("edited" if state.revision else "ingested")
    return _known(ref, state, reading)


def _known(ref: str, state: KnownState, reading: Reading) -> Judged:
    if not reading.lists_known:
        return Judged("passed")
    return Judged("known", known=KnownMessage(source_ref=ref, content_hash=state.content_hash, seq=state.seq))


def _ingested(seen: MessageSeen, reading: Reading, as_of: datetime | None) -> MessageIngested:
    shown = observation(seen.message, reading.source_kind, reading.began, as_of)
    itself = observation(seen.message, reading.source_kind, reading.began)
    return MessageIngested(
        message=seen.message,
        content_hash=seen.content_hash,
        source_kind=reading.source_kind,
        parser_version=reading.parser_version,
        as_of=shown.as_of if shown.as_of > itself.as_of else None,
    )


def _kept(observations: tuple[Observation, ...]) -> tuple[tuple[Observation, ...], datetime | None]:
    """What a fact says of its observations: all of them, or of a single one only how old it is."""
    first, *others = observations
    return (observations, None) if others else ((), first.as_of)
