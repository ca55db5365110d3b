"""What the ingestor needs from outside, and what each of these promises."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.domain import ChannelSeen, KnownState, Page, Progress


class SourceRefused(Exception):
    """A source cannot be read at all. The message is a sentence that names the source and what is wrong with it."""


class MessageSource(Protocol):
    """A place that holds messages.

    Promises:
        Order: messages come in the source's own order, each chat's `ChannelSeen` before its messages.
        Determinism: the same bytes give the same items under the same cursors, whatever the page size and wherever one begins;
            a reading that begins in the middle of a chat repeats that chat's `ChannelSeen`.
        Distinctness: no two `MessageSeen` of one reading name the same message.
        Memory: bounded by the page size and by sixteen bytes for each message read, however long the source is.
        Time: reading never holds up the event loop, and pages are not read far ahead of the reader.
        End: exactly the last page has an `end`; a source that breaks off or is damaged ends there, told in `end.truncated`.
    """

    @property
    def parser_version(self) -> str:
        """Which rules turned the source into messages."""
        ...

    def pages(self, spec: SourceSpec, *, cursor: int, page_size: int) -> AsyncGenerator[Page]:
        """The pages after the first `cursor` messages, each of at most `page_size` messages. The caller closes the generator.

        Raises SourceRefused, before the first page only; TransientError if the reader dies or stops answering.
        """
        ...


class Knowledge(Protocol):
    """What the log holds, for as long as one reading takes. Raises TransientError while the tables are away."""

    async def progress(self, workflow_id: str, generation: int) -> Progress:
        """How far a workflow's reading has come."""
        ...

    async def claim(self, channel_id: str) -> None:
        """Keep a channel to this reading until it ends. When this returns, all that others told of the channel is known.

        Claiming it again does nothing. Raises TransientError if another reading has it and does not end.
        """
        ...

    async def messages(self, source_refs: Collection[str]) -> Mapping[str, KnownState]:
        """What is known of these messages; unknown ones are left out. Messages of channels not claimed may be out of date."""
        ...

    async def channels(self, channel_ids: Collection[str]) -> Mapping[str, ChannelSeen]:
        """How these channels last presented themselves; unknown ones are left out."""
        ...


class OpenKnowledge(Protocol):
    """Opens the knowledge for one reading."""

    def __call__(self, workflow_id: str) -> AbstractAsyncContextManager[Knowledge]:
        """Wait until no other worker reads for this workflow and all that was told is known. Frees all claims at the end.

        Raises TransientError if that takes too long.
        """
        ...
