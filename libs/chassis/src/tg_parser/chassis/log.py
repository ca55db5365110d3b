"""The log: appending to a workflow's own history with an expected position, and reading facts in bulk by position.

An aggregate's log is one exact subject; appends name the last sequence they know of, and the server lets exactly one of
several writers through. A retry of what is already stored is told apart from a conflict by reading the tail, because
servers differ in which they report first (a single server the stale sequence, a cluster the duplicate).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from tg_parser.chassis.atomic import publish_atomically
from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import ConcurrencyError, PublishFailed, TransientError
from tg_parser.chassis.publisher import Publisher
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.telemetry import inject_traceparent
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.model import WorkflowEvent

READ_TIMEOUT = 10.0  # seconds for one bulk read
PAGE = 500  # messages per bulk read


class EventLog:
    """What a service may do with the streams besides telling facts."""

    def __init__(self, nc: Client, publisher: Publisher, *, source: str, clock: Clock) -> None:
        self._nc = nc
        self._js: JetStreamContext = nc.jetstream()
        self._publisher = publisher
        self._source = source
        self._clock = clock

    async def append(self, workflow_id: str, events: Sequence[WorkflowEvent], *, expected_seq: int) -> int:
        """Append `events` after `expected_seq` (0: the log is empty) and return the new last sequence.

        All of them are stored or none. The ids follow from the position, so that a repeated append of the same decision
        is recognised as success. Raises ConcurrencyError if the log has moved on, TransientError if the server is away.
        """
        if not events:
            return expected_seq
        subject = subjects.workflow_subject(workflow_id)
        messages = [
            (encode(event), self._headers(workflow_id, event, expected_seq, at)) for at, event in enumerate(events)
        ]
        try:
            if len(messages) == 1:
                body, headers = messages[0]
                return (await self._publisher.publish(subject, body, headers, expected_seq=expected_seq)).seq
            return await publish_atomically(self._nc, subject, messages, expected_seq=expected_seq)
        except (ConcurrencyError, PublishFailed):
            stored = await self._stored(workflow_id, expected_seq, [headers["ce-id"] for _, headers in messages])
            if stored is None:
                raise
            return stored

    def _headers(self, workflow_id: str, event: WorkflowEvent, expected_seq: int, at: int) -> dict[str, str]:
        envelope = Envelope(
            id=deterministic_id("wf", workflow_id, expected_seq, at, encode(event).hex()),
            type=event.wire_type(),
            source=self._source,
            time=self._clock(),
            workflow_id=workflow_id,
            traceparent=inject_traceparent(),
        )
        return envelope.headers()

    async def _stored(self, workflow_id: str, expected_seq: int, ids: Sequence[str]) -> int | None:
        """The last sequence if the log continues with exactly `ids`, else None."""
        tail = await self.load_after(workflow_id, expected_seq)
        if [entry.headers.get("ce-id") for entry in tail[: len(ids)]] == list(ids):
            return tail[len(ids) - 1].seq
        return None

    async def load(self, workflow_id: str) -> list[Recorded]:
        """The whole log of a workflow, as its leader has it now; empty if there is none."""
        return await self.load_after(workflow_id, 0)

    async def load_after(self, workflow_id: str, after_seq: int) -> list[Recorded]:
        """The log after a position. The tail is asked of the leader: any other copy may be behind."""
        subject = subjects.workflow_subject(workflow_id)
        last = await self.last_seq(subjects.WORKFLOWS, subject)
        entries: list[Recorded] = []
        position = after_seq
        while position < last:
            page = await self.read_range(subjects.WORKFLOWS, subject, from_seq=position + 1, limit=PAGE)
            if not page:
                raise TransientError(f"The log of workflow {workflow_id} cannot be read to its end just now.")
            entries += page
            position = page[-1].seq
        return entries

    async def last_seq(self, stream: str, subject: str | None = None) -> int:
        """The sequence of the newest message on `subject` (or in the stream), from the leader; 0 if there is none.

        Raises TransientError if the server is away.
        """
        try:
            if subject is None:
                info = await self._js.stream_info(stream)
                return int(info.state.last_seq)
            message = await self._js.get_last_msg(stream, subject, direct=False)
        except (NatsError, TimeoutError) as error:
            if subject is not None and isinstance(error, NotFoundError):
                return 0
            raise TransientError(f"{stream} could not be asked for its end: {error!r}.") from error
        return int(message.seq or 0)

    async def next_seq(self, stream: str, filters: Sequence[str], *, from_seq: int, up_to: int) -> int | None:
        """The sequence of a message that matches one of `filters`, from `from_seq` to `up_to`; None if there is none.

        Asked of the leader's store itself: what a consumer says is still pending may lag behind a confirmed message.
        Raises TransientError if the server is away.
        """
        for subject in filters:
            try:
                message = await self._js.get_msg(stream, seq=max(from_seq, 1), subject=subject, next=True, direct=False)
            except NotFoundError:
                continue
            except (NatsError, TimeoutError) as error:
                raise TransientError(f"{stream} could not be read from {from_seq}: {error!r}.") from error
            if message.seq is not None and message.seq <= up_to:
                return int(message.seq)
        return None

    async def pages(self, stream: str, subject: str, *, from_seq: int = 1) -> AsyncIterator[list[Recorded]]:
        """Everything that matches `subject`, from `from_seq` to what is the end now, in order, a page at a time.

        Raises TransientError if the server is away.
        """
        end = await self.last_seq(stream)
        while page := await self.read_range(stream, subject, from_seq=from_seq, limit=PAGE):
            yield page
            from_seq = page[-1].seq + 1
            if from_seq > end:
                return

    async def read_range(self, stream: str, subject: str, *, from_seq: int, limit: int) -> list[Recorded]:
        """Up to `limit` messages that match `subject`, from `from_seq` on, in one request; empty if there are none.

        Any copy of the stream may answer: ask only for what is known to be stored (ADR-31, batched direct get).
        """
        request = {"seq": max(from_seq, 1), "batch": limit, "next_by_subj": subject}
        inbox = self._nc.new_inbox()
        subscription = await self._nc.subscribe(inbox)
        found: list[Recorded] = []
        try:
            await self._nc.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
            while True:
                message = await subscription.next_msg(timeout=READ_TIMEOUT)
                if _is_end(message):
                    return found
                found.append(_direct(message))
        except (NatsTimeout, NoRespondersError) as error:
            raise TransientError(f"{stream} could not be read from {from_seq}.") from error
        finally:
            await subscription.unsubscribe()


def _is_end(message: Msg) -> bool:
    status = (message.headers or {}).get("Status")
    if status == "503":
        raise NoRespondersError
    return status in {"204", "404", "408"}


def _direct(message: Msg) -> Recorded:
    headers: dict[str, Any] = dict(message.headers or {})
    return Recorded(int(headers["Nats-Sequence"]), headers["Nats-Subject"], headers, message.data)
