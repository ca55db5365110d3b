"""Dead letters: a full copy of what could not be done, with the reason, before the original is terminated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nats.aio.msg import Msg

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.metrics import DEAD_LETTERS
from tg_parser.chassis.publisher import Publisher
from tg_parser.chassis.recorded import delivery
from tg_parser.contracts.envelope import MESSAGE_ID
from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.subjects import dead_letter_subject

STRIPPED: Final = "nats-"  # the server's own headers would deduplicate, reject or expire the copy
DETAIL_LENGTH: Final = 500
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")  # what may stand in a subject; a malformed job may say anything


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job is given up."""

    error_class: str
    detail: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Writes dead letters on behalf of one service."""

    publisher: Publisher
    clock: Clock

    async def bury(self, kind: str, message: Msg, reason: Reason) -> None:
        """Store a full copy of `message` under the workflow it was for; stored when this returns."""
        headers = {
            name: value for name, value in (message.headers or {}).items() if not name.lower().startswith(STRIPPED)
        }
        origin = delivery(message)
        headers |= {
            MESSAGE_ID: deterministic_id("dlq", kind, message.subject, origin.stream_seq),
            "tg-dlq-reason": one_line(reason.detail),
            "tg-dlq-error-class": reason.error_class,
            "tg-dlq-attempts": str(reason.attempts),
            "tg-dlq-orig-subject": message.subject,
            "tg-dlq-orig-seq": str(origin.stream_seq),
            "tg-dlq-failed-at": self.clock().isoformat(),
        }
        workflow_id = headers.get("ce-workflowid", "")
        subject = dead_letter_subject(kind, workflow_id if TOKEN.fullmatch(workflow_id) else "")
        await self.publisher.publish(subject, message.data, headers)
        DEAD_LETTERS.labels(kind, reason.error_class).inc()


def one_line(text: str) -> str:
    """`text` as a header value: printable ASCII, no line breaks, bounded."""
    return text.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")[:DETAIL_LENGTH]
