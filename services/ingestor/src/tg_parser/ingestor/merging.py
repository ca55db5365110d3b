"""One message out of what several sources showed of it. Pure, and the order in which they were read does not matter.

What is known of a message is the set of its observations; the message is computed from the set. The newest text counts,
whatever source it comes from; its styles, media and relations come from the source that knows them best; and what a source
cannot know is unknown, not absent: it never takes away what another one told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from tg_parser.contracts.messages import (
    ForwardOrigin,
    MessageEdited,
    MessageEnriched,
    MessageIngested,
    Observation,
    SourceKind,
    TelegramMessage,
)

Told = MessageIngested | MessageEdited | MessageEnriched

PRIORITY: Final[dict[SourceKind, int]] = {
    "mtproto_live": 5, "mtproto_history": 5, "takeout": 5, "td_json": 4, "v3_database": 3, "web_preview": 2, "td_html": 1,
}  # fmt: skip
"""Who knows a message best, if several sources show the same text of it."""
SHOWS_THE_PRESENT: Final = frozenset({"mtproto_live", "mtproto_history", "takeout", "web_preview"})
"""Sources that are read from Telegram itself: what they show is true now. A file is true of a moment nobody wrote down."""
CONTENT: Final = (
    "kind", "text", "entities", "media", "poll", "place", "contact_name", "buttons", "link_preview", "rich", "rich_truncated",
    "action", "action_detail",
)  # fmt: skip
RELATIONS: Final = (
    "author", "sender_id", "via_bot", "reply_to_message_id", "reply_to_channel_id", "quote", "thread_id", "root_ref",
    "grouped_id", "pinned", "protected",
)  # fmt: skip
CANNOT_KNOW: Final[dict[SourceKind, frozenset[str]]] = {
    "td_json": frozenset({"link_preview", "rich"}),
    "td_html": frozenset({"link_preview", "rich", "buttons", "action_detail"}),
    "web_preview": frozenset({"action_detail", "rich"}),
    "v3_database": frozenset(
        {"poll", "place", "contact_name", "buttons", "link_preview", "rich", "action", "action_detail"}
    ),
}
"""Content a kind of source has no way to show."""
MOST: Final = 16
"""Observations kept of one message: beyond, the oldest texts are forgotten."""


def observation(
    message: TelegramMessage, kind: SourceKind, read_at: datetime, as_of: datetime | None = None
) -> Observation:
    """What a source shows of a message, as of the moment its text was certainly this one.

    A file shows it as of the message's own date or last edit, or of `as_of` if the file cannot be older than that.
    """
    if kind in SHOWS_THE_PRESENT:
        return Observation(message=message, source_kind=kind, as_of=read_at)
    certain = message.edited_at or message.date
    return Observation(message=message, source_kind=kind, as_of=max(certain, as_of or certain))


def observations_of(told: Told, told_at: datetime) -> tuple[Observation, ...]:
    """What a fact says was observed so far."""
    if told.observations:
        return told.observations
    if told.as_of:
        return (Observation(message=told.message, source_kind=told.source_kind, as_of=told.as_of),)
    return (observation(told.message, told.source_kind, told_at),)


def joined(known: Iterable[Observation], new: Observation) -> tuple[Observation, ...]:
    """The set with one more; those that add nothing beside another of their kind are left out."""
    everything = sorted({_identity(entry): entry for entry in (*known, new)}.values(), key=_by_age, reverse=True)
    kept: list[Observation] = []
    for entry in everything:
        if not any(_makes_superfluous(other, entry) for other in kept):
            kept.append(entry)
    return tuple(kept[:MOST])


def merged(observations: Sequence[Observation]) -> TelegramMessage:
    """The message that a set of observations adds up to, at least one."""
    newest = max(observations, key=_by_age)
    text = newest.message.text_hash()
    best_first = sorted(observations, key=_by_rank, reverse=True)
    same_text = [entry for entry in best_first if entry.message.text_hash() == text]
    told: dict[str, Any] = {
        "edited_at": max((o.message.edited_at for o in observations if o.message.edited_at), default=None)
    }
    told |= {field: _content(field, same_text) for field in CONTENT}
    told |= {field: _first_known(field, best_first) for field in RELATIONS}
    told["forwarded_from"] = _origin(best_first)
    told["reactions"] = _first_known("reactions", sorted(observations, key=_by_age, reverse=True))
    exact = [entry for entry in best_first if entry.message.grouped_id and not entry.message.grouped_inferred]
    if exact:
        told["grouped_id"] = exact[0].message.grouped_id
    told["grouped_inferred"] = bool(told["grouped_id"]) and not exact
    return best_first[0].message.model_copy(update=told)


def _content(field: str, same_text: Sequence[Observation]) -> Any:
    """From the best source of this text that can know it."""
    able = [entry for entry in same_text if field not in CANNOT_KNOW.get(entry.source_kind, ())]
    return getattr((able or same_text)[0].message, field)


def _first_known(field: str, candidates: Sequence[Observation]) -> Any:
    for entry in candidates:
        if value := getattr(entry.message, field):
            return value
    return getattr(candidates[0].message, field)


def _origin(best_first: Sequence[Observation]) -> ForwardOrigin | None:
    origins = [entry.message.forwarded_from for entry in best_first if entry.message.forwarded_from]
    if not origins:
        return None
    known = [origin.model_dump(exclude_none=True) for origin in reversed(origins)]
    return ForwardOrigin.model_validate({name: value for origin in known for name, value in origin.items()})


def _makes_superfluous(other: Observation, entry: Observation) -> bool:
    """Whether `other`, which is no older, shows the same text as the same kind of source, and misses nothing of `entry`."""
    return (
        other.source_kind == entry.source_kind
        and other.message.text_hash() == entry.message.text_hash()
        and other.as_of >= entry.as_of
        and _by_rank(other) > _by_rank(entry)
        and (other.message.edited_at or other.message.date) >= (entry.message.edited_at or entry.message.date)
        and all(_knows(other.message, field) or not _knows(entry.message, field) for field in (*RELATIONS, "reactions"))
        and _origin_within(entry.message.forwarded_from, other.message.forwarded_from)
        and not (entry.message.grouped_id and not entry.message.grouped_inferred and other.message.grouped_inferred)
    )


def _knows(message: TelegramMessage, field: str) -> bool:
    return bool(getattr(message, field))


def _origin_within(small: ForwardOrigin | None, large: ForwardOrigin | None) -> bool:
    if small is None:
        return True
    return (
        large is not None and small.model_dump(exclude_none=True).keys() <= large.model_dump(exclude_none=True).keys()
    )


def _identity(entry: Observation) -> tuple[str, str, str]:
    return entry.source_kind, entry.as_of.isoformat(), entry.message.digest()


def _by_age(entry: Observation) -> tuple[datetime, int, str]:
    return entry.as_of, PRIORITY[entry.source_kind], entry.message.digest()


def _by_rank(entry: Observation) -> tuple[int, datetime, str]:
    return PRIORITY[entry.source_kind], entry.as_of, entry.message.digest()
