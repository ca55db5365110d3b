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


Channels = Mapping[str, ChannelName]
"""How channels present themselves, by their ids."""
NO_CHANNELS: Channels = {}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One message of an album, as in MessageRow. `processed` None: it has no words of its own, as most have none."""

    source_ref: str
    observed: str
    processed: str | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One post that has a document, and everything its entry says. An album is one post.

    Attributes:
        entry_ref: the message the entry is named after: an album's head, otherwise the message itself.
        source_ref: the message the document is about: of an album the first that has one.
        observed: body of the newest MessageIngested, MessageEdited or MessageEnriched, without the text: that is the
            document's. Beside it `markdown`, where the message shows more than its text.
        processed: body of the current MessageProcessed.
        observed_seq: stream sequence of the former.
        processed_seq: stream sequence of the latter.
        channel: the message's channel.
        album: every living message of its album in order, itself included; empty if there is none.
        topic_ids: the living topics it belongs to, sorted; an album belongs to those of all its messages.
    """

    entry_ref: str
    source_ref: str
    observed: str
    processed: str
    observed_seq: int
    processed_seq: int
    channel: ChannelName
    album: tuple[ItemRow, ...] = ()
    topic_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommentRow:
    """One comment that has a document, as in MessageRow, under the post `root_ref`.

    `root_observed` and `root_processed` are bodies of the post, at the first of its comments alone; None if it is not
    known, gone, or has no document.
    """

    root_ref: str
    source_ref: str
    observed: str
    processed: str
    root_observed: str | None = None
    root_processed: str | None = None
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
    """What an export covers: the log up to `position`, by channel and outcome, and what could not be read at all.

    `posts` counts living messages that are no comments, an album once.
    """

    position: int
    channels: Channels
    outcomes: tuple[OutcomeCount, ...]
    deleted: int
    rejected: tuple[RejectedEntry, ...]
    posts: int = 0
