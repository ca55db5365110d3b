"""How facts become rows of the read model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tg_parser.contracts.documents import MessageFailed, MessageProcessed, MessageSkipped
from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestPageCommitted,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageRestored,
)
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.topics import TopicOpened, TopicRetired, TopicsMerged, TopicSplit, TopicUpdated
from tg_parser.exporter.domain.registers import (
    CHANNEL,
    OUTCOME,
    POST,
    PRESENCE,
    REJECTED,
    TOPIC,
    TOPIC_ALIAS,
    TOPIC_SPLIT,
    USERNAME,
    Register,
    Row,
)

HEARD: Final[tuple[type[Fact], ...]] = (
    ChannelObserved,
    MessageIngested,
    MessageEdited,
    MessageEnriched,
    MessageDeleted,
    MessageRestored,
    MessageErased,
    MessageProcessed,
    MessageSkipped,
    MessageFailed,
    TopicOpened,
    TopicUpdated,
    TopicsMerged,
    TopicSplit,
    TopicRetired,
    IngestPageCommitted,
)
"""The facts an export is made of."""

SAYS_NOTHING: Final = {"unchanged", "cancelled", "not_asked"}
"""Reasons for skipping that say nothing about the message: what was known of it before still holds."""
LAST_REVISION: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Told:
    """A fact with its place in the log, and its body as the latest version of its type."""

    seq: int
    workflow_id: str
    fact: Message
    body: str


def rows_of(told: Told) -> Iterator[tuple[Register, Row]]:
    """What the fact writes where."""
    seq, body = told.seq, told.body
    match told.fact:
        case MessageIngested() | MessageEdited() | MessageEnriched() as observed:
            yield POST, _post(observed, seq, body)
        case MessageDeleted() | MessageRestored() as told_of:
            gone = isinstance(told_of, MessageDeleted)
            yield PRESENCE, (told_of.source_ref, told_of.channel_id, False, gone, seq)
        case MessageErased() as erased:
            yield from _erased(erased, seq)
        case MessageProcessed() | MessageSkipped() | MessageFailed() as outcome:
            yield OUTCOME, _outcome(outcome, seq, body)
        case ChannelObserved() as channel:
            yield from _channel(channel, seq)
        case TopicOpened() | TopicUpdated() as topic:
            members = "\n".join(item.source_ref for item in topic.bundle.items)
            yield TOPIC, (topic.topic_id, True, seq, members, body)
        case TopicRetired() as retired:
            yield TOPIC, _ended(retired.topic_id, seq)
        case TopicsMerged() as merged:
            yield from _merged(merged, seq)
        case TopicSplit() as split:
            yield from ((TOPIC_SPLIT, (child, split.parent, seq)) for child in split.children)
        case IngestPageCommitted() as page:
            yield from _rejected(page, told)
        case _:
            return


def _outcome(outcome: MessageProcessed | MessageSkipped | MessageFailed, seq: int, body: str) -> Row:
    ref, revision = outcome.source_ref, outcome.revision
    match outcome:
        case MessageProcessed():
            return ref, True, revision, True, seq, "processed", "", body
        case MessageSkipped():
            return ref, outcome.reason not in SAYS_NOTHING, revision, True, seq, "skipped", outcome.reason, None
        case MessageFailed():
            return ref, True, revision, False, seq, "failed", "", None


def _erased(erased: MessageErased, seq: int) -> Iterator[tuple[Register, Row]]:
    """Over whatever was kept of it: the rows stay, so that late facts about it change nothing, and say nothing."""
    yield PRESENCE, (erased.source_ref, erased.channel_id, True, True, seq)
    yield POST, (erased.source_ref, erased.channel_id, None, None, None, None, seq, None)
    yield OUTCOME, (erased.source_ref, True, LAST_REVISION, True, seq, "skipped", "erased", None)


def _post(observed: MessageIngested | MessageEdited | MessageEnriched, seq: int, body: str) -> Row:
    message = observed.message
    return (
        observed.source_ref,
        message.channel_id,
        message.message_id,
        message.date,
        message.grouped_id,
        message.root_ref,
        seq,
        body,
    )


def _channel(channel: ChannelObserved, seq: int) -> Iterator[tuple[Register, Row]]:
    yield CHANNEL, (channel.channel_id, channel.title, seq)
    if channel.username is not None:
        yield USERNAME, (channel.channel_id, channel.username, seq)


def _ended(topic_id: str, seq: int) -> Row:
    return topic_id, False, seq, "", None


def _merged(merged: TopicsMerged, seq: int) -> Iterator[tuple[Register, Row]]:
    for absorbed in merged.absorbed:
        yield TOPIC, _ended(absorbed, seq)
        yield TOPIC_ALIAS, (absorbed, merged.survivor, seq)


def _rejected(page: IngestPageCommitted, told: Told) -> Iterator[tuple[Register, Row]]:
    for ordinal, bad in enumerate(page.rejected):
        where = (told.workflow_id, bad.position, bad.channel_id, bad.message_id)
        yield REJECTED, (told.seq, ordinal, *where, bad.reason)
