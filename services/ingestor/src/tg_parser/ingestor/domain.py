"""What is new, what was edited and what is known already. Pure decisions about one page of a source.

The facts told do not depend on how a source is cut into pages, nor on where an earlier attempt was interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestCompleted,
    IngestPageCommitted,
    KnownMessage,
    MessageEdited,
    MessageIngested,
    RejectedInput,
    SourceKind,
    TelegramMessage,
)
from tg_parser.contracts.model import Fact

Verdict = Literal["ingested", "edited", "known"]


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A chat of a source, before its first message."""

    channel_id: str
    title: str
    channel_type: str


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message of a source, with the digest of its content."""

    message: TelegramMessage
    content_hash: str


SourceItem = ChannelSeen | MessageSeen | RejectedInput


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """The end of a source: `truncated` says in a sentence why it is not the source's own end, if it is not."""

    channel_ids: tuple[str, ...]
    truncated: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a source in its order; `cursor` counts the messages consumed up to here, good or bad."""

    items: tuple[SourceItem, ...]
    cursor: int
    end: SourceEnd | None = None


@dataclass(frozen=True, slots=True)
class KnownState:
    """What the log holds of a message: its newest content, and which reading told it."""

    content_hash: str
    revision: int
    seq: int
    edited_at: datetime | None
    told_by: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One workflow's reading of one source. `name` is the same for every attempt of it."""

    name: str
    source_kind: SourceKind
    parser_version: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading has come: what its committed pages add up to."""

    cursor: int = 0
    pages: int = 0
    ingested: int = 0
    edited: int = 0
    known: int = 0
    rejected: int = 0
    finished: bool = False

    @property
    def messages(self) -> int:
        """Distinct messages so far: each of them has to be settled by the workflow."""
        return self.ingested + self.edited + self.known


@dataclass(frozen=True, slots=True)
class PageDecision:
    """The facts of a page, the fact that commits it (None if it held no messages), and the progress after it."""

    facts: tuple[Fact, ...]
    committed: IngestPageCommitted | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict
    fact: MessageIngested | MessageEdited | None = None
    known: KnownMessage | None = None


def decide_page(
    page: Page,
    progress: Progress,
    reading: Reading,
    *,
    messages: Mapping[str, KnownState],
    channels: Mapping[str, ChannelSeen],
) -> PageDecision:
    """What follows from a page, given what the log holds of its messages and channels."""
    seen = [item for item in page.items if isinstance(item, MessageSeen)]
    judged = [_judge(item, messages.get(item.message.source_ref), reading) for item in seen]
    rejected = tuple(item for item in page.items if isinstance(item, RejectedInput))
    facts: list[Fact] = [*_channels(page.items, channels, reading)]
    facts += [entry.fact for entry in judged if entry.fact]
    if page.cursor == progress.cursor:
        return PageDecision(tuple(facts), None, progress)
    after = _advanced(progress, page.cursor, [entry.verdict for entry in judged], len(rejected))
    committed = IngestPageCommitted(
        page=progress.pages,
        cursor=page.cursor,
        ingested=after.ingested - progress.ingested,
        edited=after.edited - progress.edited,
        cumulative=after.messages,
        known=tuple(entry.known for entry in judged if entry.known),
        rejected=rejected,
    )
    return PageDecision(tuple(facts), committed, after)


def completed(progress: Progress, end: SourceEnd) -> IngestCompleted:
    """The fact that a source was read to its end."""
    return IngestCompleted(
        expected=progress.messages,
        pages=progress.pages,
        ingested=progress.ingested,
        edited=progress.edited,
        known=progress.known,
        rejected=progress.rejected,
        truncated=end.truncated,
        channel_ids=end.channel_ids,
    )


def _judge(seen: MessageSeen, known: KnownState | None, reading: Reading) -> _Judged:
    if known is None:
        return _Judged("ingested", fact=_ingested(seen, reading))
    unchanged = known.content_hash == seen.content_hash
    if unchanged and known.told_by == reading.name:
        return _Judged("edited" if known.revision else "ingested")  # told by an attempt that did not reach the commit
    if unchanged or _older(seen.message, known):
        source_ref = seen.message.source_ref
        return _Judged(
            "known", known=KnownMessage(source_ref=source_ref, content_hash=known.content_hash, seq=known.seq)
        )
    return _Judged("edited", fact=_edited(seen, known, reading))


def _older(message: TelegramMessage, known: KnownState) -> bool:
    """Whether a source shows a message as it was before an edit that is in the log already."""
    if known.edited_at is None:
        return False
    return message.edited_at is None or message.edited_at < known.edited_at


def _ingested(seen: MessageSeen, reading: Reading) -> MessageIngested:
    return MessageIngested(
        message=seen.message,
        content_hash=seen.content_hash,
        source_kind=reading.source_kind,
        parser_version=reading.parser_version,
    )


def _edited(seen: MessageSeen, known: KnownState, reading: Reading) -> MessageEdited:
    return MessageEdited(
        message=seen.message,
        content_hash=seen.content_hash,
        source_kind=reading.source_kind,
        parser_version=reading.parser_version,
        revision=known.revision + 1,
        previous_hash=known.content_hash,
    )


def _channels(
    items: Sequence[SourceItem], known: Mapping[str, ChannelSeen], reading: Reading
) -> Sequence[ChannelObserved]:
    seen = {item.channel_id: item for item in items if isinstance(item, ChannelSeen)}
    return [
        ChannelObserved(
            channel_id=channel.channel_id,
            title=channel.title,
            channel_type=channel.channel_type,
            source_kind=reading.source_kind,
        )
        for channel in seen.values()
        if known.get(channel.channel_id) != channel
    ]


def _advanced(progress: Progress, cursor: int, verdicts: Sequence[Verdict], rejected: int) -> Progress:
    return replace(
        progress,
        cursor=cursor,
        pages=progress.pages + 1,
        ingested=progress.ingested + verdicts.count("ingested"),
        edited=progress.edited + verdicts.count("edited"),
        known=progress.known + verdicts.count("known"),
        rejected=progress.rejected + rejected,
    )
