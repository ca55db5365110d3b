"""How facts become rows. Each table is a set of registers: for every key, the highest version ever written wins.

Because the highest wins, rows do not depend on how the log was cut into batches or on the order in which facts about
the same thing arrive, and folding a fact twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tg_parser.contracts.documents import MessageFailed, MessageProcessed, MessageSkipped
from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestPageCommitted,
    MessageDeleted,
    MessageEdited,
    MessageIngested,
)
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.topics import TopicOpened, TopicRetired, TopicsMerged, TopicSplit, TopicUpdated

HEARD: Final[tuple[type[Fact], ...]] = (
    ChannelObserved,
    MessageIngested,
    MessageEdited,
    MessageDeleted,
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

SAYS_NOTHING: Final = {"unchanged", "cancelled"}
"""Reasons for skipping that say nothing about the message: what was known of it before still holds."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """A table of registers.

    Attributes:
        table: its name in the schema.
        columns: names and Postgres types, in the order of a row's values.
        key: the columns that say which register.
        version: the columns whose highest value wins, most significant first.
    """

    table: str
    columns: dict[str, str]
    key: tuple[str, ...]
    version: tuple[str, ...]

    def newest(self, rows: Iterable[Row]) -> list[Row]:
        """The winning row of each key: one statement cannot write a row twice."""
        names = list(self.columns)
        key = [names.index(name) for name in self.key]
        version = [names.index(name) for name in self.version]
        winners: dict[Row, Row] = {}
        for row in rows:
            which = tuple(row[at] for at in key)
            known = winners.get(which)
            if known is None or [known[at] for at in version] < [row[at] for at in version]:
                winners[which] = row
        return list(winners.values())


CHANNEL: Final = Register(
    "channel", {"channel_id": "text", "title": "text", "seq": "bigint"}, key=("channel_id",), version=("seq",)
)
USERNAME: Final = Register(
    "username", {"channel_id": "text", "username": "text", "seq": "bigint"}, key=("channel_id",), version=("seq",)
)
"""Apart from the title, because a source that does not know the username says nothing about it."""
POST: Final = Register(
    "post",
    {
        "source_ref": "text",
        "channel_id": "text",
        "message_id": "bigint",
        "posted_at": "timestamptz",
        "grouped_id": "text",
        "deleted": "boolean",
        "seq": "bigint",
        "body": "text",
    },
    key=("source_ref",),
    version=("seq",),
)
OUTCOME: Final = Register(
    "outcome",
    {
        "source_ref": "text",
        "decided": "boolean",
        "revision": "integer",
        "settled": "boolean",
        "seq": "bigint",
        "kind": "text",
        "reason": "text",
        "body": "text",
    },
    key=("source_ref",),
    version=("decided", "revision", "settled", "seq"),
)
"""`decided`: it says something about the message. `settled`: it is not a failure, which a document of the same revision
outlives. Among equals the later fact wins: a replay's document takes the place of the earlier one."""
TOPIC: Final = Register(
    "topic",
    {"topic_id": "text", "alive": "boolean", "seq": "bigint", "members": "text", "body": "text"},
    key=("topic_id",),
    version=("seq",),
)
"""`members` are the source references of the bundle, one a line."""
TOPIC_ALIAS: Final = Register(
    "topic_alias", {"alias": "text", "topic_id": "text", "seq": "bigint"}, key=("alias",), version=("seq",)
)
TOPIC_SPLIT: Final = Register(
    "topic_split", {"child": "text", "parent": "text", "seq": "bigint"}, key=("child",), version=("seq",)
)
REJECTED: Final = Register(
    "rejected",
    {
        "seq": "bigint",
        "ordinal": "integer",
        "workflow_id": "text",
        "position": "integer",
        "channel_id": "text",
        "message_id": "bigint",
        "reason": "text",
    },
    key=("seq", "ordinal"),
    version=("seq",),
)

REGISTERS: Final = (CHANNEL, USERNAME, POST, OUTCOME, TOPIC, TOPIC_ALIAS, TOPIC_SPLIT, REJECTED)


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
        case MessageIngested() | MessageEdited() as observed:
            yield POST, _post(observed, seq, body)
        case MessageDeleted() as gone:
            yield POST, (gone.source_ref, gone.channel_id, None, None, None, True, seq, None)
        case MessageProcessed() as done:
            yield OUTCOME, (done.source_ref, True, done.revision, True, seq, "processed", "", body)
        case MessageSkipped() as skipped:
            decided = skipped.reason not in SAYS_NOTHING
            yield OUTCOME, (skipped.source_ref, decided, skipped.revision, True, seq, "skipped", skipped.reason, None)
        case MessageFailed() as failed:
            yield OUTCOME, (failed.source_ref, True, failed.revision, False, seq, "failed", "", None)
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


def _post(observed: MessageIngested | MessageEdited, seq: int, body: str) -> Row:
    message = observed.message
    return (
        observed.source_ref,
        message.channel_id,
        message.message_id,
        message.date,
        message.grouped_id,
        False,
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
