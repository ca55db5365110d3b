from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tg_parser.chassis.errors import PermanentError, WindowFull
from tg_parser.chassis.jobs import JobFailure
from tg_parser.chassis.publisher import PubAck
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageSkipped
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import Lane, ModelChoice, ProcessMessage
from tg_parser.contracts.messages import MessageEdited, MessageIngested, TelegramMessage
from tg_parser.contracts.model import Fact, Job
from tg_parser.contracts.subjects import fact_subject
from tg_parser.orchestrator.dispatcher import Dispatcher, Limits
from tg_parser.orchestrator.ports import OpenWorkflow, Scope, Turn, Waiting

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def recorded(seq: int, fact: Fact, workflow_id: str = "") -> Recorded:
    envelope = Envelope(str(seq), fact.wire_type(), "test", NOW, workflow_id)
    return Recorded(seq, fact_subject(fact), envelope.headers(), encode(fact))


def message(number: int) -> TelegramMessage:
    return TelegramMessage(channel_id="1001", message_id=number, date=NOW, text=f"post {number}")


def ingested(number: int) -> MessageIngested:
    return MessageIngested(message=message(number), content_hash=f"hash {number}", source_kind="td_json")


def edited(number: int) -> MessageEdited:
    return MessageEdited(
        message=message(number), content_hash=f"hash {number}", source_kind="td_json", revision=2, previous_hash="old"
    )


@dataclass
class FakeFacts:
    entries: list[Recorded] = field(default_factory=list[Recorded])

    async def read_range(self, stream: str, subject: str, *, from_seq: int, limit: int) -> list[Recorded]:
        del stream
        kind = subject.rsplit(".", 2)[0]
        matching = [entry for entry in self.entries if entry.seq >= from_seq and entry.subject.startswith(kind)]
        return matching[:limit]


@dataclass
class FakeQueue:
    window: int
    jobs: dict[str, ProcessMessage] = field(default_factory=dict[str, ProcessMessage])
    order: list[str] = field(default_factory=list[str])
    refused: int = 0
    too_large: frozenset[int] = frozenset()

    async def submit(self, job: Job, job_id: str, lane: Lane, scope: Scope, cause: Recorded) -> asyncio.Future[PubAck]:
        del lane, cause
        assert isinstance(job, ProcessMessage)
        future: asyncio.Future[PubAck] = asyncio.get_running_loop().create_future()
        if sum(1 for each in self.jobs.values() if each.workflow_id == scope[0]) >= self.window:
            self.refused += 1
            future.set_exception(WindowFull("Full."))
        elif job.source_seq in self.too_large:
            future.set_exception(PermanentError("Too large."))
        else:
            self.jobs[job_id] = job
            self.order.append(scope[0])
            future.set_result(PubAck(len(self.jobs), duplicate=False))
        return future


@dataclass
class FakeDesk:
    """Messages in memory: each waits, is issued, or is settled."""

    items: dict[Scope, list[Waiting]] = field(default_factory=dict[Scope, list[Waiting]])
    issued: dict[tuple[Scope, str], datetime] = field(default_factory=dict[tuple[Scope, str], datetime])
    looks: int = 0

    def _open(self, scope: Scope) -> list[Waiting]:
        return [item for item in self.items[scope] if (scope, item.item_key) not in self.issued]

    async def open_workflows(self) -> list[OpenWorkflow]:
        self.looks += 1
        return [
            OpenWorkflow(*scope, "bulk", ModelChoice(), sum(1 for key in self.issued if key[0] == scope))
            for scope in sorted(self.items)
            if self._open(scope)
        ]

    @asynccontextmanager
    async def turn(self, workflow: OpenWorkflow) -> AsyncIterator[Turn | None]:
        yield FakeTurn(self, workflow.scope)

    def settle(self, scope: Scope, number: int) -> None:
        for key in [key for key in self.issued if key[0] == scope][:number]:
            del self.issued[key]
            self.items[scope] = [item for item in self.items[scope] if item.item_key != key[1]]


@dataclass
class FakeTurn:
    desk: FakeDesk
    scope: Scope

    async def waiting(self, limit: int) -> list[Waiting]:
        return self.desk._open(self.scope)[:limit]  # pyright: ignore[reportPrivateUsage] - one fake in two classes

    async def issued(self, item_keys: Sequence[str], at: datetime) -> None:
        self.desk.issued |= {(self.scope, key): at for key in item_keys}


@dataclass
class FakeFailures:
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def tell(self, job: Job, cause: Envelope, scope: Scope, failure: JobFailure) -> None:
        del job, cause
        self.told.append((scope[0], failure.detail))


@dataclass
class FakeFlags:
    stopped: set[str] = field(default_factory=set[str])

    async def stop(self, workflow_id: str) -> None:
        self.stopped.add(workflow_id)

    def running(self, workflow_id: str) -> bool:
        return workflow_id not in self.stopped


@dataclass
class World:
    """A dispatcher with `messages` for each of some workflows."""

    messages: dict[str, int]
    window: int = 8
    chunk: int = 4

    def __post_init__(self) -> None:
        self.facts, self.desk, self.queue, self.flags = FakeFacts(), FakeDesk(), FakeQueue(self.window), FakeFlags()
        self.failures = FakeFailures()
        for workflow_id, number in self.messages.items():
            self.desk.items[workflow_id, 0] = [self._item(workflow_id) for _ in range(number)]
        limits = Limits(self.window, self.chunk, look_every_s=1)
        self.dispatcher = Dispatcher(
            self.desk,
            self.facts,
            self.queue,
            self.failures,
            self.flags,
            lambda: NOW,
            limits,
            ready=lambda: asyncio.sleep(0),
        )

    def _item(self, workflow_id: str) -> Waiting:
        seq = len(self.facts.entries) + 1
        self.facts.entries.append(recorded(seq, ingested(seq), workflow_id))
        return Waiting(f"tg:1001:post:{seq}", seq, 0, "pipeline", f"hash {seq}" if seq % 2 else "other", "News")

    def outcomes(self, workflow_id: str, number: int, *, acknowledged: bool = True) -> list[Recorded]:
        """Workers settle some jobs; what they told."""
        self.desk.settle((workflow_id, 0), number)
        if acknowledged:
            for job_id in [job_id for job_id, job in self.queue.jobs.items() if job.workflow_id == workflow_id][
                :number
            ]:
                del self.queue.jobs[job_id]
        skipped = MessageSkipped(channel_id="1001", source_ref="tg:1001:post:1", reason="empty")
        return [recorded(seq, skipped, workflow_id) for seq in range(number)]

    def woken(self) -> bool:
        return self.dispatcher._wake.is_set()  # pyright: ignore[reportPrivateUsage] - whether `run` would go on


async def test_every_message_gets_one_job_with_all_it_needs() -> None:
    world = World({"w1": 3})
    await world.dispatcher.dispatch()
    jobs = list(world.queue.jobs.values())
    assert [job.source_seq for job in jobs] == [1, 2, 3]
    assert [job.known_pipeline_key for job in jobs] == ["pipeline", "", "pipeline"]
    assert {job.channel_title for job in jobs} == {"News"}
    await world.dispatcher.dispatch()
    assert len(world.queue.jobs) == 3


async def test_an_edit_is_processed_as_its_own_revision() -> None:
    world = World({"w1": 2})
    world.facts.entries[1] = recorded(2, edited(2))
    await world.dispatcher.dispatch()
    assert [job.revision for job in world.queue.jobs.values()] == [0, 2]


async def test_no_more_jobs_than_the_window_are_issued() -> None:
    world = World({"w1": 20})
    await world.dispatcher.dispatch()
    assert (len(world.queue.jobs), world.queue.refused) == (8, 0)


async def test_workflows_take_turns() -> None:
    world = World({"w1": 8, "w2": 8})
    await world.dispatcher.dispatch()
    assert world.queue.order == ["w1"] * 4 + ["w2"] * 4 + ["w1"] * 4 + ["w2"] * 4


async def test_a_workflow_at_its_window_rests_until_a_quarter_is_settled() -> None:
    world = World({"w1": 20})
    await world.dispatcher.dispatch()
    looks = world.desk.looks
    world.dispatcher.heard(world.outcomes("w1", 1))
    assert not world.woken()
    world.dispatcher.heard(world.outcomes("w1", 1))
    assert world.woken()
    await world.dispatcher.dispatch()
    assert (len(world.queue.jobs), world.desk.looks) == (8, looks + 1)


async def test_new_messages_wake_the_dispatcher_unless_their_workflow_is_at_its_window() -> None:
    world = World({"w1": 20})
    world.dispatcher.heard([recorded(99, ingested(99), "w2")])
    assert world.woken()
    await world.dispatcher.dispatch()
    world.dispatcher.heard([recorded(99, ingested(99), "w1")])
    assert not world.woken()


async def test_everything_is_dispatched_as_outcomes_come_in() -> None:
    world = World({"w1": 50, "w2": 3})
    for _ in range(50):
        await world.dispatcher.dispatch()
        world.dispatcher.heard(world.outcomes("w1", 2) + world.outcomes("w2", 1))
    assert world.queue.order.count("w1") == 50
    assert world.queue.order.count("w2") == 3
    assert world.desk.items == {("w1", 0): [], ("w2", 0): []}


async def test_a_window_that_is_not_as_free_as_the_ledger_believes_is_tried_again_soon() -> None:
    world = World({"w1": 20})
    await world.dispatcher.dispatch()
    world.dispatcher.heard(world.outcomes("w1", 4, acknowledged=False))
    await world.dispatcher.dispatch()
    assert world.queue.refused == 4
    pause = world.dispatcher._pause  # pyright: ignore[reportPrivateUsage]
    assert 0 < pause < 1
    world.queue.jobs.clear()
    await world.dispatcher.dispatch()
    assert len(world.queue.jobs) == 4


async def test_a_message_the_queue_will_never_take_fails_and_holds_up_nothing() -> None:
    world = World({"w1": 6})
    world.queue.too_large = frozenset({2})
    await world.dispatcher.dispatch()
    assert [job.source_seq for job in world.queue.jobs.values()] == [1, 3, 4, 5, 6]
    assert world.failures.told == [("w1", "Too large.")]


async def test_a_stopped_workflow_gets_no_jobs() -> None:
    world = World({"w1": 3, "w2": 3})
    await world.flags.stop("w1")
    await world.dispatcher.dispatch()
    assert set(world.queue.order) == {"w2"}
