"""Facts about messages, one by one, from the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.codec import decode
from tg_parser.contracts.messages import MessageEdited, MessageEnriched, MessageIngested
from tg_parser.contracts.subjects import FACTS
from tg_parser.ingestor.judging import Recorded


@dataclass(frozen=True, slots=True)
class LogFacts:
    """`FactAt` over JetStream."""

    js: JetStreamContext

    async def __call__(self, seq: int) -> Recorded | None:
        """The fact; None if it was erased or is about something else. Raises TransientError while the server is away."""
        try:
            found = await self.js.get_msg(FACTS, seq, direct=True)
        except NotFoundError:
            return None
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The log could not be asked for its fact {seq}.", retry_in=2) from error
        received = decode(found.headers, found.data or b"")
        if not isinstance(received.message, MessageIngested | MessageEdited | MessageEnriched):
            return None
        told_at: datetime = received.envelope.time
        return Recorded(received.message, told_at)
