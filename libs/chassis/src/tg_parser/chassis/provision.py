"""Streams, consumers and buckets as they should be, and a report of what was not.

Neither nats-py nor FastStream ever changes a durable that exists, so its settings are applied here, by whoever may:
each service at start on one machine, a job of the deployment in a cluster. Running it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    KeyValueConfig,
    ObjectStoreConfig,
    RetentionPolicy,
    StorageType,
    StoreCompression,
    StreamConfig,
)
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BadRequestError, NotFoundError

from tg_parser.chassis.errors import PermanentError, ServerUnavailable
from tg_parser.chassis.settings import NatsSettings
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import Export, IngestSource, ProcessMessage, Topicize

DAY: Final = 86_400.0
DEDUP_WINDOW: Final = 300.0  # seconds; each id costs the server up to 182 bytes, and correctness does not depend on it
LOG_LENGTH: Final = 5000  # events of one workflow: a runaway is stopped, an honest log stays far below
JOB_ACK_WAIT: Final = 60.0  # seconds; workers signal progress every third of it
MAX_ATTEMPTS: Final = 5  # deliveries after which a worker dead-letters a job itself
MAX_DELIVER: Final = MAX_ATTEMPTS + 3  # the server's own limit leaves room for workers that die while burying
ERASE_ACK_WAIT: Final = 300.0  # seconds; a channel of a hundred thousand messages is looked through in one turn
MAX_IN_FLIGHT: Final = 1000  # jobs of one kind over all replicas: the only global bound of parallel model calls


@dataclass(frozen=True, slots=True)
class Drift:
    """A setting that was not as it should be, and now is."""

    name: str
    setting: str
    found: Any
    wanted: Any


def streams(settings: NatsSettings) -> tuple[StreamConfig, ...]:
    """Every stream of the system."""
    common: dict[str, Any] = {
        "storage": StorageType.FILE,
        "num_replicas": settings.replicas,
        "discard": DiscardPolicy.NEW,
        "duplicate_window": DEDUP_WINDOW,
        "allow_direct": True,
        "max_age": 0.0,  # said outright, so that a limit somebody has set is noticed: facts must not expire
        "max_msgs": -1,
        "max_msg_size": -1,
    }
    limits: dict[str, Any] = {**common, "retention": RetentionPolicy.LIMITS}
    timers: dict[str, Any] = {**limits, "discard": DiscardPolicy.OLD, "max_age": 30 * DAY}
    advisories: dict[str, Any] = {**limits, "discard": DiscardPolicy.OLD, "max_age": 14 * DAY}
    dead: dict[str, Any] = {**limits, "max_age": 90 * DAY}
    return (
        StreamConfig(
            name=subjects.FACTS,
            subjects=[subjects.FACT_SUBJECTS],
            max_bytes=settings.fact_bytes,
            compression=StoreCompression.S2,
            deny_purge=True,  # irreversible and wanted; deletes stay possible, for erasure
            **limits,
        ),
        StreamConfig(
            name=subjects.WORKFLOWS,
            subjects=[subjects.WORKFLOW_SUBJECTS],
            allow_atomic=True,
            max_msgs_per_subject=LOG_LENGTH,
            discard_new_per_subject=True,
            deny_purge=True,
            **limits,
        ),
        StreamConfig(
            name=subjects.JOBS,
            subjects=[subjects.JOB_SUBJECTS],
            max_msgs_per_subject=settings.window,
            discard_new_per_subject=True,
            retention=RetentionPolicy.WORK_QUEUE,
            **common,
        ),
        StreamConfig(
            name=subjects.TIMERS,
            subjects=[subjects.TIMER_SUBJECTS, subjects.TIMER_FIRED_SUBJECTS],
            allow_msg_schedules=True,
            allow_msg_ttl=True,
            allow_rollup_hdrs=True,
            **timers,
        ),
        StreamConfig(
            name=subjects.DEAD_LETTERS,
            subjects=[subjects.DEAD_LETTER_SUBJECTS],
            compression=StoreCompression.S2,
            **dead,
        ),
        StreamConfig(
            name=subjects.ADVISORIES,
            subjects=list(subjects.ADVISORY_SUBJECTS),
            **advisories,
        ),
    )


def consumers(settings: NatsSettings) -> tuple[tuple[str, ConsumerConfig], ...]:
    """Every durable consumer, with its stream. Each has a filter: one without would eat everything."""

    def worker(durable: str, subject: str, in_flight: int) -> tuple[str, ConsumerConfig]:
        return subjects.JOBS, ConsumerConfig(
            durable_name=durable,
            filter_subject=subject,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=JOB_ACK_WAIT,
            max_deliver=MAX_DELIVER,
            max_ack_pending=in_flight,
        )

    def reactor(stream: str, durable: str, subject: str, ack_wait: float = 30.0) -> tuple[str, ConsumerConfig]:
        return stream, ConsumerConfig(
            durable_name=durable,
            filter_subject=subject,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=-1,
            max_ack_pending=100,
        )

    return (
        worker(subjects.INGEST_WORKERS, subjects.job_filter(IngestSource), 100),
        worker(subjects.PROCESS_WORKERS, subjects.job_filter(ProcessMessage), MAX_IN_FLIGHT),
        worker(subjects.TOPICIZE_WORKERS, subjects.job_filter(Topicize), 100),
        worker(subjects.EXPORT_WORKERS, subjects.job_filter(Export), 100),
        reactor(subjects.WORKFLOWS, subjects.WORKFLOW_REACTOR, subjects.WORKFLOW_SUBJECTS),
        reactor(subjects.TIMERS, subjects.TIMER_REACTOR, subjects.TIMER_FIRED_SUBJECTS),
        reactor(subjects.FACTS, subjects.SOURCE_FOLLOWER, subjects.SOURCE_SUBJECTS),
        reactor(subjects.FACTS, subjects.ERASERS, subjects.ERASURE_SUBJECTS, ERASE_ACK_WAIT),
        reactor(subjects.ADVISORIES, subjects.DEAD_LETTER_JANITOR, subjects.ADVISORY_SUBJECTS[0]),
    )


async def provision(nc: Client, settings: NatsSettings) -> list[Drift]:
    """Create what is missing, correct what has drifted, and say what had. Safe to run at any time, by several at once.

    Raises PermanentError if the server refuses a setting, ServerUnavailable if JetStream does not answer.
    """
    js = nc.jetstream()
    drifts: list[Drift] = []
    for stream in streams(settings):
        with _refusals(f"The stream {stream.name}"):
            drifts += await _ensure_stream(js, stream)
    for stream_name, consumer in consumers(settings):
        with _refusals(f"The consumer {stream_name}/{consumer.durable_name}"):
            drifts += await _ensure_consumer(js, stream_name, consumer)
    with _refusals("A bucket"):
        await _ensure_buckets(js, settings)
    return drifts


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Say in a sentence what could not be had."""
    try:
        yield
    except APIError as refused:
        raise PermanentError(f"{what} cannot be made as it should be: {refused.description}.") from refused
    except (NatsError, TimeoutError) as away:
        raise ServerUnavailable(f"{what} could not be looked after: JetStream does not answer ({away!r}).") from away


async def release_deliveries(nc: Client, settings: NatsSettings) -> None:
    """Deal out again at once what was in the hands of workers that are gone, instead of after their ack wait.

    Only for whoever knows that no worker is running: the owner of a data directory, before it starts any.
    """
    js = nc.jetstream()
    for stream, consumer in consumers(settings):
        await js.reset_consumer(stream, str(consumer.durable_name))


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> list[Drift]:
    name = str(wanted.name)
    try:
        found = (await js.stream_info(name)).config
    except NotFoundError:
        await js.add_stream(wanted)
        return []
    drifts = differences(name, found.as_dict(), wanted.as_dict())
    if drifts:
        await js.update_stream(wanted)
    return drifts


async def _ensure_consumer(js: JetStreamContext, stream: str, wanted: ConsumerConfig) -> list[Drift]:
    name = str(wanted.durable_name)
    try:
        found = (await js.consumer_info(stream, name)).config
    except NotFoundError:
        await js.add_consumer(stream, config=wanted)
        return []
    drifts = differences(f"{stream}/{name}", found.as_dict(), wanted.as_dict())
    if drifts:
        await js.add_consumer(stream, config=replace(wanted))
    return drifts


def differences(name: str, found: dict[str, Any], wanted: dict[str, Any]) -> list[Drift]:
    """The settings of `wanted` that `found` does not have. What the server adds by itself is none of our business."""
    unset = (None, 0, False, -1, [], "")
    return [
        Drift(name, setting, found.get(setting), value)
        for setting, value in wanted.items()
        if _plain(found.get(setting)) != _plain(value) and not (value in unset and found.get(setting) in unset)
    ]


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value


async def _ensure_buckets(js: JetStreamContext, settings: NatsSettings) -> None:
    for bucket, history in ((subjects.CONTROL_BUCKET, 5), (subjects.PROGRESS_BUCKET, 1)):
        try:
            await js.key_value(bucket)
        except NotFoundError:
            await js.create_key_value(KeyValueConfig(bucket=bucket, history=history, replicas=settings.replicas))
    try:
        await js.object_store(subjects.BLOB_STORE)
    except NotFoundError:
        await js.create_object_store(
            subjects.BLOB_STORE, config=ObjectStoreConfig(bucket=subjects.BLOB_STORE, replicas=settings.replicas)
        )
    except BadRequestError:  # somebody else created it in between
        await js.object_store(subjects.BLOB_STORE)
