"""Streams that hold texts, looked through by channel and erased by sequence.

No index says which facts are about a message: telling facts is frequent and erasing is rare, so the channel is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError
from pydantic import BaseModel, ValidationError

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.log import EventLog
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts import subjects
from tg_parser.contracts.documents import MessageFailed, MessageProcessed
from tg_parser.contracts.erasure import ErasureRequested, TopicsRewritten
from tg_parser.contracts.ids import MessageType, SourceRef, parse_source_ref
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.contracts.messages import CountedIn, MessageEdited, MessageEnriched, MessageIngested
from tg_parser.contracts.upcasts import upcast
from tg_parser.ingestor.ports import Holding

TEXTS: Final = (MessageIngested, MessageEdited, MessageEnriched, MessageProcessed, MessageFailed)
"""The facts that hold a message's text. A failure's detail may quote it."""
COUNTED: Final = (MessageIngested.TYPE, MessageEdited.TYPE)
AT_ONCE: Final = (
    2  # deletions under way: the server overwrites one after another, and whoever tells facts waits in between
)
FEW: Final = 32  # messages up to which bodies are searched for their numbers before they are read


class _Name(BaseModel):
    channel_id: str
    message_id: int
    message_type: MessageType = "post"


class _About(BaseModel):
    """What a body says it is about: a message it holds, or the name of one."""

    message: _Name | None = None
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class StoredTexts:
    """`TextStream` over one stream. `filters` names the subjects where texts of a channel may be."""

    js: JetStreamContext
    log: EventLog
    stream: str
    filters: Callable[[str], Sequence[str]]

    async def holding(self, channel_id: str, refs: Collection[str]) -> Sequence[Holding]:
        """See the port."""
        wanted = frozenset(refs)
        numbers = [str(parse_source_ref(ref).message_id).encode() for ref in wanted] if len(wanted) <= FEW else []
        found: list[Holding] = []
        for subject in self.filters(channel_id):
            async for page in self.log.pages(self.stream, subject):
                found += [held for entry in page if _may_hold(entry, numbers) and (held := _held(entry, wanted))]
                await asyncio.sleep(0)
        return found

    async def erase(self, seqs: Collection[int]) -> int:
        """See the port."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def erase(seq: int) -> bool:
            async with turn:
                return await self._erase(seq)

        outcomes = await asyncio.gather(*(erase(seq) for seq in sorted(set(seqs))), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return sum(outcome is True for outcome in outcomes)

    async def _erase(self, seq: int) -> bool:
        """The server overwrites a message before it deletes it, unless it is told not to."""
        try:
            return await self.js.delete_msg(self.stream, seq)
        except APIError as refused:
            if not await self._is_there(seq):
                return False
            raise TransientError(f"{self.stream} does not erase {seq}: {refused.description}.", retry_in=5) from refused
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"{self.stream} could not be asked to erase {seq}.", retry_in=2) from error

    async def _is_there(self, seq: int) -> bool:
        """Servers differ in how they refuse to delete what is not there."""
        try:
            await self.js.get_msg(self.stream, seq)
        except NotFoundError:
            return False
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"{self.stream} could not be asked for {seq}.", retry_in=2) from error
        return True


def facts(js: JetStreamContext, log: EventLog) -> StoredTexts:
    """The facts about messages and their documents."""
    return StoredTexts(
        js, log, subjects.FACTS, lambda channel_id: [subjects.fact_filter(fact, channel_id) for fact in TEXTS]
    )


def jobs(js: JetStreamContext, log: EventLog) -> StoredTexts:
    """Jobs that wait."""
    return StoredTexts(js, log, subjects.JOBS, lambda _: [subjects.job_filter(ProcessMessage)])


def dead_letters(js: JetStreamContext, log: EventLog) -> StoredTexts:
    """Jobs that could not be done."""
    return StoredTexts(js, log, subjects.DEAD_LETTERS, lambda _: [subjects.dead_letter_filter(ProcessMessage)])


def _may_hold(entry: Recorded, numbers: Sequence[bytes]) -> bool:
    return not numbers or any(number in entry.body for number in numbers)


def _held(entry: Recorded, refs: frozenset[str]) -> Holding | None:
    try:
        about = _About.model_validate_json(upcast(entry.type, entry.body)[1])
    except (ValidationError, ValueError, KeyError, TypeError):
        return None  # no reader understands it: it is about no message
    name = about.message
    ref = str(SourceRef(name.channel_id, name.message_type, name.message_id)) if name else about.source_ref
    if ref not in refs:
        return None
    counts = entry.workflow_id and entry.type.rpartition(".v")[0] in COUNTED
    counted_in = CountedIn(workflow_id=entry.workflow_id, generation=entry.generation) if counts else None
    return Holding(entry.seq, ref, counted_in)


@dataclass(frozen=True, slots=True)
class ToldTopics:
    """`TopicsAnswers` from the log."""

    log: EventLog

    async def stale(self, request: ErasureRequested, seq: int) -> Sequence[int] | None:
        """See the port."""
        stale: list[int] = []
        complete = False
        subject = subjects.fact_filter(TopicsRewritten, request.channel_id)
        async for page in self.log.pages(subjects.FACTS, subject, from_seq=seq):
            for entry in page:
                told = entry.message
                if isinstance(told, TopicsRewritten) and (told.erasure_id, told.part) == _part(request):
                    stale += told.stale
                    complete = complete or told.last
        return stale if complete else None


def _part(request: ErasureRequested) -> tuple[str, int]:
    return request.erasure_id, request.part
