"""Several messages stored together or not at all (ADR-50). nats-py has no call for it; it is a few headers.

On a file-backed stream a batch costs 12 ms or more whatever its size, so it is for decisions with several events, never
for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from tg_parser.chassis.errors import PublishFailed
from tg_parser.chassis.publisher import EXPECTED_SUBJECT_SEQUENCE, UNSENDABLE, check_size, refusal, unsendable

TIMEOUT = 5.0  # seconds for a step of the batch; an abandoned one is dropped by the server after 10


async def publish_atomically(
    nc: Client, subject: str, messages: Sequence[tuple[bytes, Mapping[str, str]]], *, expected_seq: int
) -> int:
    """Store `messages` on `subject` after `expected_seq`; returns the sequence of the last.

    Raises ConcurrencyError if the subject has moved on or holds a message of the batch already, PermanentError if no
    server would take it, PublishFailed if the outcome is unknown.
    """
    batch = nc.new_inbox().rpartition(".")[2]  # unlike any other: the server may still remember one that was abandoned
    try:
        for position, (body, headers) in enumerate(messages, start=1):
            last = position == len(messages)
            sent = {**headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(position)}
            if position == 1:
                sent[EXPECTED_SUBJECT_SEQUENCE] = str(expected_seq)
            if last:
                sent["Nats-Batch-Commit"] = "1"
            check_size(nc, subject, body, sent)
            answer = await nc.request(subject, body, timeout=TIMEOUT, headers=sent)
            if answer.data:
                told: dict[str, Any] = json.loads(answer.data)
                if "error" in told:
                    raise refusal(subject, told["error"])
                if last:
                    return int(told["seq"])
    except UNSENDABLE as error:
        raise unsendable(subject, error) from error
    except (NatsError, TimeoutError) as error:
        raise PublishFailed(f"A batch on {subject} was not confirmed.") from error
    raise PublishFailed(f"A batch on {subject} was not confirmed.")
