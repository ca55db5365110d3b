"""What the log holds of registered sources: the newest message of each of a source's subjects, and schedules for looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.publisher import Publisher
from tg_parser.contracts.codec import decode
from tg_parser.contracts.model import Message
from tg_parser.contracts.sources import (
    SourceAdded,
    SourcePaused,
    SourceRead,
    SourceRemoved,
    SourceResumed,
    SourceRunStarted,
)
from tg_parser.contracts.subjects import FACTS, TIMERS, follow_timer_fired_subject, follow_timer_subject
from tg_parser.orchestrator.adapters.schedules import at_header

KINDS: Final = (SourceAdded, SourcePaused, SourceResumed, SourceRemoved, SourceRead, SourceRunStarted)


@dataclass(frozen=True, slots=True)
class LogSources:
    """`SourceRegister` over the facts stream."""

    nc: Client

    async def told(self, source_id: str) -> list[Message]:
        """See the port."""
        found: list[tuple[int, Message]] = []
        for kind in KINDS:
            subject = f"tg.evt.{kind.TYPE.removeprefix('tg.')}.v{kind.VERSION}.{source_id}"
            try:
                newest = await self.nc.jetstream().get_last_msg(FACTS, subject)
            except NotFoundError:
                continue
            except (NatsError, TimeoutError) as error:
                raise TransientError(f"The log could not be asked about the source {source_id}.") from error
            found.append((newest.seq or 0, decode(newest.headers, newest.data or b"").message))
        return [fact for _, fact in sorted(found, key=lambda pair: pair[0])]

    async def names(self) -> list[str]:
        """See the port."""
        every = f"tg.evt.{SourceAdded.TYPE.removeprefix('tg.')}.*.*"
        try:
            info = await self.nc.jetstream().stream_info(FACTS, subjects_filter=every)
        except (NatsError, TimeoutError) as error:
            raise TransientError("The log could not be asked which sources there are.") from error
        return sorted(subject.rpartition(".")[2] for subject in info.state.subjects or {})


@dataclass(frozen=True, slots=True)
class JetStreamLooks:
    """`LookTimers` as scheduled messages (ADR-51)."""

    nc: Client
    publisher: Publisher

    async def set(self, source_id: str, at: datetime) -> None:
        """See the port."""
        headers = {"Nats-Schedule": at_header(at), "Nats-Schedule-Target": follow_timer_fired_subject(source_id)}
        await self.publisher.publish(follow_timer_subject(source_id), source_id.encode(), headers)

    async def planned(self, source_id: str) -> bool:
        """See the port."""
        try:
            await self.nc.jetstream().get_last_msg(TIMERS, follow_timer_subject(source_id))
        except NotFoundError:
            return False
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The next look at {source_id} cannot be asked for just now.") from error
        return True

    async def heard(self, source_id: str, seq: int) -> None:
        """See the port. The server keeps what it fired: somebody has to take it away."""
        try:
            await self.nc.jetstream().purge_stream(TIMERS, seq=seq + 1, subject=follow_timer_fired_subject(source_id))
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The last look at {source_id} cannot be put away just now.") from error

    async def cancel(self, source_id: str) -> None:
        """See the port."""
        try:
            await self.nc.jetstream().purge_stream(TIMERS, subject=follow_timer_subject(source_id))
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The next look at {source_id} cannot be cancelled just now.") from error
