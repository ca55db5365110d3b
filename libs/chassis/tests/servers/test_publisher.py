from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.errors import PermanentError, PublishFailed, WindowFull
from tg_parser.chassis.publisher import Publisher
from tg_parser.chassis.settings import NatsSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.envelope import MESSAGE_ID, Envelope, read_envelope
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.testkit.drills import Lossy, post

FACT = "tg.evt.drill.done.v1.all"


@pytest_asyncio.fixture(loop_scope="session")
async def narrow(nats_settings: NatsSettings) -> AsyncIterator[Chassis]:
    """A chassis whose workflows may have three jobs waiting."""
    settings = nats_settings.model_copy(update={"window": 3})
    async with open_chassis("test", nats=settings, postgres=None, telemetry=TelemetrySettings()) as opened:
        yield opened


async def test_a_message_whose_confirmation_was_lost_is_sent_again_with_the_same_id(chassis: Chassis) -> None:
    lost = iter([True])
    deaf = Lossy.client(chassis.nc, lambda _: next(lost, False))
    async with Publisher(deaf, resend_after=0.01) as publisher:
        ack = await publisher.publish(FACT, b"x", {MESSAGE_ID: "1"})
    assert (ack.seq, ack.duplicate) == (1, True)
    assert await chassis.log.last_seq(subjects.FACTS) == 1


async def test_a_message_that_is_never_confirmed_is_given_up_in_time_and_frees_its_slot(chassis: Chassis) -> None:
    async with Publisher(chassis.nc, window=1, give_up_after=0.2) as publisher:
        for _ in range(2):
            with pytest.raises(PublishFailed, match=r"did not confirm a message on no\.stream"):
                await publisher.publish("no.stream", b"x", {})
        assert (await publisher.publish(FACT, b"x", {})).seq == 1


async def test_closing_gives_up_what_is_not_confirmed(chassis: Chassis) -> None:
    async with Publisher(chassis.nc) as publisher:
        confirmation = await publisher.submit("no.stream", b"x", {})
    with pytest.raises(PublishFailed, match="closed before"):
        await confirmation


@pytest.mark.parametrize("spare", [-1, 0, 50], ids=["body alone", "body just fits", "headers exceed"])
async def test_a_message_that_is_too_large_is_refused_for_good_and_disturbs_nobody(
    chassis: Chassis, spare: int
) -> None:
    body = bytes(chassis.nc.max_payload - spare)
    with pytest.raises(PermanentError, match=r"tg\.evt\.drill\.done\.v1\.all is too large: 1,04\d,\d+ bytes"):
        await chassis.publisher.publish(FACT, body, {MESSAGE_ID: "1", "ce-source": "т" * 100})
    assert (await chassis.publisher.publish(FACT, b"small", {})).seq == 1
    assert chassis.nc.stats["reconnects"] == 0


async def test_the_largest_message_that_fits_is_taken(chassis: Chassis) -> None:
    assert (await chassis.publisher.publish(FACT, bytes(chassis.nc.max_payload - 200), {MESSAGE_ID: "1"})).seq == 1


@pytest.mark.parametrize(
    ("subject", "headers"), [("tg.evt.a b", {}), (FACT, {"a name": "x"})], ids=["subject", "header"]
)
async def test_a_malformed_message_is_refused_for_good_at_once(
    chassis: Chassis, subject: str, headers: dict[str, str]
) -> None:
    with pytest.raises(PermanentError, match="cannot be sent"):
        await chassis.publisher.publish(subject, b"x", headers)


async def test_one_fact_that_is_too_large_does_not_keep_the_others_from_being_told(chassis: Chassis) -> None:
    with pytest.raises(PermanentError, match="too large"):
        await chassis.facts.tell_all([post(1), post(2, content="x" * 2_000_000), post(3)])
    assert await chassis.log.last_seq(subjects.FACTS) == 2


async def test_a_window_that_is_full_refuses_this_workflow_alone_until_a_job_is_settled(narrow: Chassis) -> None:
    def subject(workflow_id: str) -> str:
        return subjects.job_subject(ProcessMessage, "bulk", workflow_id)

    for number in range(3):
        await narrow.publisher.publish(subject("w1"), b"x", {MESSAGE_ID: f"1-{number}"})
    with pytest.raises(WindowFull, match="holds as many messages as it may"):
        await narrow.publisher.publish(subject("w1"), b"x", {MESSAGE_ID: "1-3"})
    assert (await narrow.publisher.publish(subject("w1"), b"x", {MESSAGE_ID: "1-0"})).duplicate
    assert (await narrow.publisher.publish(subject("w2"), b"x", {MESSAGE_ID: "2-0"})).seq == 4
    js = narrow.nc.jetstream()
    puller = await js.pull_subscribe_bind(subjects.PROCESS_WORKERS, subjects.JOBS)
    (job,) = await puller.fetch(1, timeout=5)
    await job.ack_sync(timeout=5)
    await puller.unsubscribe()
    assert (await narrow.publisher.publish(subject("w1"), b"x", {MESSAGE_ID: "1-3"})).seq == 5


async def test_headers_beyond_ascii_come_back_as_they_were(chassis: Chassis) -> None:
    envelope = Envelope(
        id="1", type="tg.drill.v1", source="tg-parser/тест %41", time=chassis.clock(), workflow_id="рабочий поток\n№1"
    )
    await chassis.publisher.publish(FACT, b"{}", envelope.headers())
    (entry,) = await chassis.log.read_range(subjects.FACTS, FACT, from_seq=1, limit=1)
    assert read_envelope(entry.headers) == envelope
