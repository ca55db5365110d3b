"""What an export is made of: the read model's rows, as pure values. Bodies are the JSON of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tg_parser.contracts.knowledge import RejectedEntry


@dataclass(frozen=True, slots=True)
class ChannelName:
    """How a channel presents itself. An unknown channel has its id for a title; `username` None means unknown."""

    title: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message that has a document, and everything its entry says.

    Attributes:
        entry_ref: the message the entry is named after: for the text of an album its head, otherwise the message itself.
        source_ref: the message the document is about.
        observed: body of the newest MessageIngested or MessageEdited, without the text: that is the document's.
        processed: body of the current MessageProcessed.
        observed_seq: stream sequence of the former.
        processed_seq: stream sequence of the latter.
        channel: the message's channel.
        album: every message of its album in order, itself included; empty if there is none.
        topic_ids: the living topics it belongs to, sorted.
    """

    entry_ref: str
    source_ref: str
    observed: str
    processed: str
    observed_seq: int
    processed_seq: int
    channel: ChannelName
    album: tuple[str, ...] = ()
    topic_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberRow:
    """What a topic's file says of one of its messages, as in MessageRow. `processed` None: the message has no document now."""

    source_ref: str
    observed: str
    processed: str | None
    channel: ChannelName


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One living topic: the body of its newest TopicOpened or TopicUpdated, and its messages that still exist."""

    topic_id: str
    body: str
    seq: int
    aliases: tuple[str, ...] = ()
    split_from: str | None = None
    members: Mapping[str, MemberRow] = field(default_factory=dict[str, MemberRow])


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many living messages of a channel ended in one way. `kind` None: nothing has become of them yet."""

    channel_id: str
    kind: str | None
    reason: str
    messages: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """What an export covers: the log up to `position`, by channel and outcome, and what could not be read at all."""

    position: int
    channels: Mapping[str, ChannelName]
    outcomes: tuple[OutcomeCount, ...]
    deleted: int
    rejected: tuple[RejectedEntry, ...]
