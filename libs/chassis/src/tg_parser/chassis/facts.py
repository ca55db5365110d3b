"""Telling facts. Appending to the log is the only way a service tells anyone anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.metrics import FACTS
from tg_parser.chassis.publisher import PubAck, Publisher
from tg_parser.chassis.telemetry import Telemetry
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.model import Fact
from tg_parser.contracts.subjects import fact_subject


@dataclass(frozen=True, slots=True)
class FactWriter:
    """Tells facts on behalf of a service, and of the message that caused them if it is bound to one."""

    publisher: Publisher
    source: str
    clock: Clock
    telemetry: Telemetry
    cause: Envelope | None = None

    def because_of(self, cause: Envelope) -> FactWriter:
        """A writer whose facts follow from the message `cause` and belong to its workflow."""
        return replace(self, cause=cause)

    async def tell(self, fact: Fact) -> int:
        """Tell one fact; it is stored when this returns. The same fact told again has the same id. Returns its sequence."""
        ack: PubAck = await (await self._submit(fact))
        return ack.seq

    async def tell_all(self, facts: Sequence[Fact]) -> list[int]:
        """Tell facts in order, in one window; all are stored when this returns. Their sequences, in the same order.

        Raises the first refusal once every confirmation is known.
        """
        futures = [await self._submit(fact) for fact in facts]
        answers = await asyncio.gather(*futures, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer.seq for answer in answers if isinstance(answer, PubAck)]

    async def _submit(self, fact: Fact) -> asyncio.Future[PubAck]:
        subject = fact_subject(fact)
        FACTS.labels(fact.TYPE).inc()
        with self.telemetry.sending(fact.wire_type(), new_trace=fact.STARTS_TRACE) as traceparent:
            return await self.publisher.submit(subject, encode(fact), self._envelope(fact, traceparent).headers())

    def _envelope(self, fact: Fact, traceparent: str) -> Envelope:
        cause = self.cause
        workflow_id, generation = (cause.workflow_id, cause.generation) if cause else ("", 0)
        return Envelope(
            id=fact.identity(workflow_id, generation),
            type=fact.wire_type(),
            source=self.source,
            time=self.clock(),
            workflow_id=workflow_id,
            generation=generation,
            causation_id=cause.id if cause else "",
            traceparent=traceparent,
        )
