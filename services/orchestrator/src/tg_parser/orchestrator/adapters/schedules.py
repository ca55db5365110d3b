"""Timers as JetStream's scheduled messages (ADR-51): they survive restarts, and the server tells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.errors import Error as NatsError

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.publisher import Publisher
from tg_parser.contracts.subjects import TIMERS, timer_fired_subject, timer_subject
from tg_parser.contracts.workflows import Stage, StageTimerFired


@dataclass(frozen=True, slots=True)
class JetStreamTimers:
    """One schedule for each workflow and stage: its subject is its name."""

    nc: Client
    publisher: Publisher

    async def set(self, workflow_id: str, stage: Stage, timer_id: str, at: datetime) -> None:
        """Schedule; a schedule of the same stage is replaced."""
        body = StageTimerFired(workflow_id=workflow_id, stage=stage, timer_id=timer_id)
        headers = {
            "Nats-Schedule": at_header(at),
            "Nats-Schedule-Target": timer_fired_subject(workflow_id, stage),
        }
        await self.publisher.publish(timer_subject(workflow_id, stage), body.model_dump_json().encode(), headers)

    async def cancel(self, workflow_id: str, stage: Stage) -> None:
        """Purge the schedule: that is how the server forgets one."""
        try:
            await self.nc.jetstream().purge_stream(TIMERS, subject=timer_subject(workflow_id, stage))
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The timer of workflow {workflow_id} cannot be cancelled just now.") from error


def at_header(at: datetime) -> str:
    """The moment as the server's schedules name it."""
    return f"@at {_whole_second_after(at):%Y-%m-%dT%H:%M:%SZ}"


def _whole_second_after(at: datetime) -> datetime:
    """The server's schedules have whole seconds, and a timer must not come early."""
    return at.astimezone(UTC) + timedelta(microseconds=(-at.microsecond) % 1_000_000)
