"""What the topicizer tells: which documents belong together, and the life of a topic. And topics of an earlier TG_parser."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Literal

from pydantic import Field

from tg_parser.contracts.ids import MessageType
from tg_parser.contracts.model import Contract, Fact, Timestamp

TopicType = Literal["singleton", "cluster"]


class TopicAnchor(Contract):
    """A message a topic is recognised by."""

    channel_id: str
    message_id: str
    message_type: MessageType
    anchor_ref: str
    score: float | None = None
    parent_message_id: str | None = None
    thread_id: str | None = None


class TopicCard(Contract):
    """A topic as a person reads it. TG_parser v3's fields; `id` is fixed at birth."""

    id: str
    title: str
    summary: str
    scope_in: tuple[str, ...] = Field(min_length=1)
    scope_out: tuple[str, ...] = Field(min_length=1)
    type: TopicType
    anchors: tuple[TopicAnchor, ...] = Field(min_length=1)
    sources: tuple[str, ...] = Field(min_length=1)
    updated_at: Timestamp
    tags: tuple[str, ...] = ()
    related_topics: tuple[str, ...] = ()
    status: str | None = None
    metadata: dict[str, Any] | None = None


class BundleItem(Contract):
    """One message of a topic, and why it is there."""

    channel_id: str
    message_id: str
    message_type: MessageType
    source_ref: str
    role: Literal["anchor", "supporting"]
    parent_message_id: str | None = None
    thread_id: str | None = None
    score: float | None = None
    justification: str | None = None


class TimeRange(Contract):
    """From the first to the last message of a topic."""

    from_: Timestamp = Field(alias="from")
    to: Timestamp


class TopicBundle(Contract):
    """Every message of a topic, anchors first."""

    topic_id: str
    items: tuple[BundleItem, ...] = Field(min_length=1)
    updated_at: Timestamp
    time_range: TimeRange | None = None
    channels: tuple[str, ...] | None = None
    metadata: dict[str, Any] | None = None


class Assignment(Contract):
    """Where one document went, and what decided it."""

    source_ref: str
    revision: int = 0
    story_id: str
    outcome: Literal["joined", "abstained", "opened"]
    score: float
    runner_up: str | None = None
    margin: float | None = None
    terms: tuple[str, ...] = ()
    features_version: str


class TopicsAssigned(Fact):
    """Documents were assigned to stories, in the order of the log. `input_seq` is the last document's stream sequence.

    `replaces`: the sequence of an older fact that is told anew, as far as it still holds, because it is to be erased.
    """

    TYPE: ClassVar[str] = "tg.topics.assigned"

    PER_WORKFLOW: ClassVar[bool] = False

    items: tuple[Assignment, ...] = Field(max_length=500)
    input_seq: int
    replaces: int = Field(default=0, ge=0)

    def about(self) -> tuple[str | int, ...]:
        """The last document assigned, and the fact replaced if one is."""
        replaced = (self.replaces,) if self.replaces else ()
        return (self.TYPE, self.input_seq, *replaced)


class TopicOpened(Fact):
    """A topic was born."""

    TYPE: ClassVar[str] = "tg.topic.opened"
    PER_WORKFLOW: ClassVar[bool] = False

    topic_id: str
    card: TopicCard
    bundle: TopicBundle
    epoch: int

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.topic_id, self.epoch)


class TopicImported(Fact):
    """A topic of an earlier TG_parser was found. It becomes one here as soon as documents of it are known.

    `topic_id` is its name here, `old_id` the one it had, which is to be understood for ever. The card and the bundle are as a
    model wrote them, references under our names: some of these may be of messages that never existed.
    """

    TYPE: ClassVar[str] = "tg.topic.imported"
    PER_WORKFLOW: ClassVar[bool] = False

    topic_id: str
    old_id: str
    card: TopicCard
    bundle: TopicBundle

    def digest(self) -> str:
        """sha256 of everything."""
        body = self.model_dump_json(exclude_none=True, by_alias=True)
        return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()

    def about(self) -> tuple[str | int, ...]:
        """The topic and all that is said of it."""
        return (self.TYPE, self.old_id, self.digest())


class TopicUpdated(Fact):
    """A topic's members or card changed; its id did not."""

    TYPE: ClassVar[str] = "tg.topic.updated"
    PER_WORKFLOW: ClassVar[bool] = False

    topic_id: str
    card: TopicCard
    bundle: TopicBundle
    epoch: int

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.topic_id, self.epoch)


class TopicsMerged(Fact):
    """Topics became one. The absorbed ids resolve to the survivor for ever."""

    TYPE: ClassVar[str] = "tg.topics.merged"
    PER_WORKFLOW: ClassVar[bool] = False

    survivor: str
    absorbed: tuple[str, ...]
    epoch: int

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.survivor, self.epoch)


class TopicSplit(Fact):
    """Part of a topic became topics of their own."""

    TYPE: ClassVar[str] = "tg.topic.split"
    PER_WORKFLOW: ClassVar[bool] = False

    parent: str
    children: tuple[str, ...]
    epoch: int

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.parent, self.epoch)


class TopicRetired(Fact):
    """A topic has no members left."""

    TYPE: ClassVar[str] = "tg.topic.retired"
    PER_WORKFLOW: ClassVar[bool] = False

    topic_id: str
    epoch: int

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.topic_id, self.epoch)


class RegroupCommitted(Fact):
    """One regroup of all stories, with digests by which it can be derived again and compared."""

    TYPE: ClassVar[str] = "tg.topics.regroupcommitted"
    PER_WORKFLOW: ClassVar[bool] = False

    epoch: int
    algorithm: str
    parameters: dict[str, Any]
    input_seq: int
    input_digest: str
    output_digest: str
    documents: int
    stories: int
    topics: int
    moved: int = Field(default=0, description="documents already seen whose topic changed")
    pending: tuple[str, ...] = Field(
        default=(), description="merges and splits proposed once, waiting for a second epoch"
    )

    def about(self) -> tuple[str | int, ...]:
        """The topic and the epoch of the regroup."""
        return (self.TYPE, self.epoch, self.input_digest)


class TopicizationCompleted(Fact):
    """The topics stand for everything up to `input_seq`."""

    TYPE: ClassVar[str] = "tg.topicization.completed"

    epoch: int
    input_seq: int
    topics: int
    assigned: int
    unassigned: int
    output_digest: str
