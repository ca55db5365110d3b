"""Taking texts out of everything, for ever: who asks for it, and what of the topics has to go with them."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field, field_validator

from tg_parser.contracts.ids import parse_source_ref
from tg_parser.contracts.model import Fact, Timestamp

MOST_REFS: Final = 5000
"""Messages in one request: an erasure of a channel comes in parts."""
MOST_STALE: Final = 50_000
"""Sequences in one fact."""


class ErasureRequested(Fact):
    """Somebody wants messages of a channel erased: from the log, the originals, the paid answers and every projection.

    From this fact on none of them is taken from any source again. The ingestor does the erasing, and tells of each message
    MessageErased when it is done. An erasure may come in `parts`; `part` counts from 0.
    """

    TYPE: ClassVar[str] = "tg.message.erasurerequested"

    erasure_id: str = Field(min_length=1, max_length=64)
    channel_id: str = Field(max_length=64)
    source_refs: tuple[str, ...] = Field(max_length=MOST_REFS)
    part: int = Field(default=0, ge=0)
    parts: int = Field(default=1, ge=1)
    at: Timestamp
    actor: str = ""

    @field_validator("source_refs")
    @classmethod
    def _name_messages(cls, refs: tuple[str, ...]) -> tuple[str, ...]:
        for ref in refs:
            parse_source_ref(ref)
        return refs

    def about(self) -> tuple[str | int, ...]:
        """The erasure and its part."""
        return (self.TYPE, self.erasure_id, self.part)


class ChannelErasureRequested(Fact):
    """Somebody wants everything of a channel erased. From this fact on nothing of it is taken from any source.

    The ingestor, who knows its messages, tells ErasureRequested for all of them under the same `erasure_id`.
    """

    TYPE: ClassVar[str] = "tg.channel.erasurerequested"

    erasure_id: str = Field(min_length=1, max_length=64)
    channel_id: str = Field(max_length=64)
    at: Timestamp
    actor: str = ""

    def about(self) -> tuple[str | int, ...]:
        """The erasure."""
        return (self.TYPE, self.erasure_id)


class TopicsRewritten(Fact):
    """What the topicizer told of the messages of a request stands anew in the log, without them.

    `stale`: the sequences of its older facts that may quote them, to be taken out of the log. There may be several such facts
    about one request; `last` says that there is no more.
    """

    TYPE: ClassVar[str] = "tg.topics.rewritten"

    erasure_id: str = Field(min_length=1, max_length=64)
    part: int = Field(ge=0)
    channel_id: str = Field(max_length=64)
    stale: tuple[int, ...] = Field(default=(), max_length=MOST_STALE)
    number: int = Field(default=0, ge=0)
    last: bool = True

    def about(self) -> tuple[str | int, ...]:
        """The request and the fact's number."""
        return (self.TYPE, self.erasure_id, self.part, self.number)
