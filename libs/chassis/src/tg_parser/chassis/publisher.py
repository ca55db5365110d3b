"""Publishing to JetStream in windows: many messages under way, each one's confirmation awaited.

`await js.publish()` waits a round trip for each message (2,000 a second at best); here one inbox takes all
confirmations, so that a writer is bound by the server and not by the distance to it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import BadHeaderError, BadSubjectError, MaxPayloadError
from nats.errors import Error as NatsError

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.errors import ConcurrencyError, PermanentError, PublishFailed, TransientError, WindowFull

EXPECTED_SUBJECT_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
DUPLICATE_IN_BATCH = 10201
MESSAGE_TOO_LARGE = 10054
STORE_FAILED = 10077
SUBJECT_FULL = "maximum messages per subject exceeded"
RESEND_AFTER = 2.0  # seconds without a confirmation before the same message, with the same id, is sent once more
GIVE_UP_AFTER = 30.0  # seconds; the caller decides what an unconfirmed message means
SWEEP_EVERY = 0.25  # seconds
HEADERS_AT_MOST = 65_536  # bytes; below the limit by more than this, sizes need not be added up
FRAME = 16  # bytes; more than the framing of one header, or of all of them, takes


@dataclass(frozen=True, slots=True)
class PubAck:
    """The server's confirmation: where the message is, and whether it had it already."""

    seq: int
    duplicate: bool


@dataclass(slots=True)
class _Pending:
    future: asyncio.Future[PubAck]
    subject: str
    body: bytes
    headers: dict[str, str]
    sent: float
    deadline: float


class Publisher:
    """Publishes with at most `window` messages unconfirmed. Use as an async context manager."""

    def __init__(
        self, nc: Client, *, window: int = 512, resend_after: float = RESEND_AFTER, give_up_after: float = GIVE_UP_AFTER
    ) -> None:
        self._nc = nc
        self._slots = asyncio.Semaphore(window)
        self._inbox = nc.new_inbox()
        self._pending: dict[str, _Pending] = {}
        self._token = 0
        self._resend_after = resend_after
        self._give_up_after = give_up_after
        self._subscription: Subscription | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._confirmed)
        self._sweeper = asyncio.create_task(self._sweep(), name="publisher-sweeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sweeper:
            await cancelled([self._sweeper])
        for token in list(self._pending):
            self._fail(token, PublishFailed("The publisher was closed before the server confirmed a message."))
        if self._subscription and not self._nc.is_closed:
            await self._subscription.unsubscribe()

    async def publish(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_seq: int | None = None
    ) -> PubAck:
        """Publish and wait for the confirmation; the message is stored when this returns.

        Raises ConcurrencyError if `expected_seq` is no longer the subject's last sequence, WindowFull if the subject may
        hold no more, PermanentError if no server would ever take the message (it is too large, its subject or a header
        is malformed), PublishFailed if no confirmation came, TransientError for whatever else the server refuses.
        """
        return await (await self.submit(subject, body, headers, expected_seq=expected_seq))

    async def submit(
        self, subject: str, body: bytes, headers: Mapping[str, str], *, expected_seq: int | None = None
    ) -> asyncio.Future[PubAck]:
        """Send as soon as the window allows, and return the future of the confirmation. Order of sending is order of calls."""
        await self._slots.acquire()
        sent = dict(headers)
        if expected_seq is not None:
            sent[EXPECTED_SUBJECT_SEQUENCE] = str(expected_seq)
        self._token += 1
        token = str(self._token)
        now = time.monotonic()
        pending = _Pending(
            asyncio.get_running_loop().create_future(), subject, body, sent, now, now + self._give_up_after
        )
        self._pending[token] = pending
        await self._send(token, pending)
        return pending.future

    async def _send(self, token: str, pending: _Pending) -> None:
        pending.sent = time.monotonic()
        try:
            check_size(self._nc, pending.subject, pending.body, pending.headers)
            await self._nc.publish(
                pending.subject, pending.body, reply=f"{self._inbox}.{token}", headers=pending.headers
            )
        except PermanentError as hopeless:
            self._fail(token, hopeless)
        except NatsError as error:
            if isinstance(error, UNSENDABLE):
                self._fail(token, unsendable(pending.subject, error))
            elif self._nc.is_closed:
                self._fail(token, PublishFailed(f"A message could not be sent: {error}."))

    async def _confirmed(self, message: Msg) -> None:
        token = message.subject.rsplit(".", 1)[-1]
        pending = self._pending.get(token)
        if pending is None:
            return
        if not message.data:  # "503 no responders": the stream has no leader right now; the sweeper sends again
            return
        answer: dict[str, Any] = json.loads(message.data)
        error = answer.get("error")
        if error is not None:
            self._fail(token, refusal(pending.subject, error))
            return
        self._settle(token)
        if not pending.future.done():
            pending.future.set_result(PubAck(int(answer["seq"]), bool(answer.get("duplicate", False))))

    def _settle(self, token: str) -> None:
        if self._pending.pop(token, None) is not None:
            self._slots.release()

    def _fail(self, token: str, error: Exception) -> None:
        pending = self._pending.get(token)
        self._settle(token)
        if pending is not None and not pending.future.done():
            pending.future.set_exception(error)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            now = time.monotonic()
            for token, pending in list(self._pending.items()):
                if now >= pending.deadline:
                    self._fail(token, PublishFailed(f"The server did not confirm a message on {pending.subject}."))
                elif now - pending.sent >= self._resend_after and self._nc.is_connected:
                    await self._send(token, pending)


UNSENDABLE = (MaxPayloadError, BadSubjectError, BadHeaderError)
"""What the client refuses to send, and always will."""


def unsendable(subject: str, error: NatsError) -> PermanentError:
    """The error of a message that no server would take."""
    return PermanentError(f"A message on {subject!r} cannot be sent: {error}.")


def check_size(nc: Client, subject: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises PermanentError if body and headers together are larger than the server takes.

    nats-py counts the body alone; the server counts both, and answers one byte too many by closing the connection.
    """
    if len(body) + HEADERS_AT_MOST <= nc.max_payload:
        return
    size = len(body) + FRAME + sum(len(name) + len(value.encode()) + FRAME for name, value in headers.items())
    if size > nc.max_payload:
        raise PermanentError(
            f"A message on {subject} is too large: {size:,} bytes with its headers; the server takes {nc.max_payload:,}."
        )


def refusal(subject: str, error: dict[str, Any]) -> Exception:
    """The error that the server's answer means."""
    code, description = int(error.get("err_code", 0)), str(error.get("description", "no reason given"))
    if code in WRONG_LAST_SEQUENCE:
        return ConcurrencyError(f"{subject} has moved on: {description}.")
    if code == DUPLICATE_IN_BATCH:  # a batch of messages that are stored already; a single one is just confirmed again
        return ConcurrencyError(f"{subject} holds a message of the batch already: {description}.")
    if code == MESSAGE_TOO_LARGE:
        return PermanentError(f"A message on {subject} is too large: {description}.")
    if code == STORE_FAILED and SUBJECT_FULL in description:  # 10077 is a generic store error: only the text tells
        return WindowFull(f"{subject} holds as many messages as it may.")
    return TransientError(f"The server refused a message on {subject}: {description} ({code}).")
