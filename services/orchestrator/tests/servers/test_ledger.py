"""The ledger on a real Postgres: the same rows and counts whatever the order, the repetition and the cut of the facts."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import text

from tg_parser.chassis.database import Database, open_database
from tg_parser.chassis.recorded import Recorded
from tg_parser.chassis.settings import PostgresSettings
from tg_parser.contracts.codec import MalformedMessage, encode
from tg_parser.contracts.documents import (
    MessageFailed,
    MessageProcessed,
    MessageSkipped,
    ProcessedDocument,
    ProcessingMetadata,
    Usage,
)
from tg_parser.contracts.jobs import Budget, ModelChoice, ProcessingOptions
from tg_parser.contracts.messages import (
    CountedIn,
    IngestCompleted,
    IngestPageCommitted,
    KnownMessage,
    MessageErased,
    MessageIngested,
    TelegramMessage,
)
from tg_parser.contracts.model import Fact
from tg_parser.contracts.subjects import fact_subject
from tg_parser.orchestrator.adapters.board import PostgresBoard
from tg_parser.orchestrator.adapters.desk import PostgresDesk
from tg_parser.orchestrator.domain.commands import RecordProcessCompleted
from tg_parser.orchestrator.ledger.notices import command_of
from tg_parser.orchestrator.ledger.projection import PROCESS_COMPLETED, LedgerProjection
from tg_parser.orchestrator.ports import Notice

pytestmark = pytest.mark.servers

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def entry(seq: int, fact: Fact, workflow: str = "w1", generation: int = 0) -> Recorded:
    headers = {"ce-type": fact.wire_type(), "ce-workflowid": workflow, "ce-generation": str(generation)}
    return Recorded(seq, fact_subject(fact), headers, encode(fact))


def ingested(number: int) -> MessageIngested:
    message = TelegramMessage(channel_id="1001", message_id=number, date=WHEN, text=f"post {number}")
    return MessageIngested(message=message, content_hash=message.content_hash(), source_kind="td_json")


def ref(number: int) -> str:
    return f"tg:1001:post:{number}"


def processed(number: int) -> MessageProcessed:
    document = ProcessedDocument(
        id=f"doc:{ref(number)}",
        source_ref=ref(number),
        source_message_id=str(number),
        channel_id="1001",
        processed_at=WHEN,
        text_clean="text",
        metadata=ProcessingMetadata(
            pipeline_version="1", model_id="m", prompt_id="p", prompt_name="p", method="llm", provider="fake"
        ),
        content_hash=f"hash {number}",
        published_at=WHEN,
    )
    return MessageProcessed(
        channel_id="1001",
        source_ref=ref(number),
        document=document,
        pipeline_key="pipeline",
        usage=Usage(input_uncached=10, cache_read=5, output=2),
        cost_micros=7,
    )


def outcome(number: int) -> Fact:
    if number % 5 == 0:
        return MessageSkipped(channel_id="1001", source_ref=ref(number), reason="service" if number % 2 else "empty")
    if number % 7 == 0:
        return MessageFailed(channel_id="1001", source_ref=ref(number), error_class="Boom", detail="Boom.", attempts=5)
    return processed(number)


def story(number: int) -> list[Recorded]:
    """The facts of one workflow with `number` messages: some known before, each with its outcome."""
    known, new = range(1, 6), range(6, number + 1)
    page = IngestPageCommitted(
        page=0,
        cursor=number,
        known=tuple(KnownMessage(source_ref=ref(each), content_hash="h", seq=each) for each in known),
    )
    facts = [*(ingested(each) for each in new), page, IngestCompleted(expected=number, pages=1)]
    facts += [outcome(each) for each in range(1, number + 1)]
    return [entry(seq, fact) for seq, fact in enumerate(facts, start=1000)]


async def fold(database: Database, facts: Sequence[Recorded], cuts: Sequence[int]) -> None:
    projection = LedgerProjection()
    edges = [0, *sorted(cuts), len(facts)]
    for start, end in pairwise(edges):
        async with database.begin() as connection:
            await projection.apply(connection, facts[start:end])


async def rows(database: Database, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    async with database.begin() as connection:
        found = await connection.execute(text(f"SELECT {columns} FROM orchestrator.{table} ORDER BY 1, 2, 3, 4"))
        return [tuple(row) for row in found]


@pytest.fixture
async def database(postgres_settings: PostgresSettings) -> AsyncIterator[Database]:
    async with open_database("test", postgres_settings) as opened:
        await opened.migrate("tg_parser.orchestrator.migrations", "orchestrator")
        yield opened


async def empty(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join(LedgerProjection.tables)}"))


async def completions(database: Database) -> list[Notice]:
    return [notice for notice in await PostgresBoard(database).waiting(100) if notice.kind == PROCESS_COMPLETED]


async def test_a_stage_is_over_when_every_message_has_its_outcome(database: Database) -> None:
    facts = story(70)
    await fold(database, facts[:-1], [])
    assert await completions(database) == []
    await fold(database, facts[-1:], [])
    (notice,) = await completions(database)
    assert command_of(notice) == RecordProcessCompleted(
        expected=70,
        done=48,
        failed=8,
        skipped={"empty": 7, "service": 7},
        input_tokens=48 * 15,
        output_tokens=48 * 2,
        cost_micros=48 * 7,
        last_seq=facts[-1].seq,
        failed_sample=tuple(sorted(ref(each) for each in range(1, 71) if each % 7 == 0 and each % 5)),
    )


async def test_the_rows_do_not_depend_on_how_the_log_is_cut(database: Database) -> None:
    facts = story(60)
    await fold(database, facts, [])
    tables = ("workflow_item", "workflow_stage", "item_pipeline", "notice")
    whole = [await rows(database, table) for table in tables]
    dice = random.Random(20260301)
    for _ in range(5):
        await empty(database)
        await fold(database, facts, dice.sample(range(len(facts)), dice.randint(1, 40)))
        assert [await rows(database, table) for table in tables] == whole


async def test_the_counts_do_not_depend_on_order_or_repetition(database: Database) -> None:
    facts = story(60)
    await fold(database, facts, [])
    counts = await rows(database, "workflow_stage", "expected, items, done, failed, skipped, cost_micros, last_seq")
    assert counts[0][:2] == (60, 60)
    dice = random.Random(20260302)
    for _ in range(5):
        await empty(database)
        shuffled = dice.sample(facts, len(facts)) + dice.sample(facts, 30)
        await fold(database, shuffled, dice.sample(range(len(shuffled)), 10))
        assert len(await completions(database)) == 1
        again = await rows(database, "workflow_stage", "expected, items, done, failed, skipped, cost_micros, last_seq")
        assert again == counts


async def test_two_generations_are_counted_apart(database: Database) -> None:
    await fold(database, [entry(1, ingested(1)), entry(2, ingested(1), generation=1), entry(3, processed(1))], [])
    assert await rows(database, "workflow_stage", "generation, items, done, failed") == [(0, 1, 1, 0), (1, 1, 0, 0)]


async def test_an_empty_source_is_over_at_once(database: Database) -> None:
    await fold(database, [entry(1, IngestCompleted(expected=0, pages=0))], [])
    (notice,) = await completions(database)
    assert command_of(notice) == RecordProcessCompleted(expected=0, done=0, failed=0)


async def test_nobody_waits_for_an_outcome_of_an_erased_message(database: Database) -> None:
    erased = MessageErased(channel_id="1001", source_ref=ref(2))
    facts = [ingested(1), ingested(2), IngestCompleted(expected=2, pages=1), processed(1), erased, processed(2)]
    for cuts in ([], [4], [5], [1, 2, 3, 4, 5]):
        await empty(database)
        await fold(database, [entry(seq, fact) for seq, fact in enumerate(facts, start=1)], cuts)
        (notice,) = await completions(database)
        assert command_of(notice) == RecordProcessCompleted(
            expected=2,
            done=1,
            failed=0,
            skipped={"erased": 1},
            input_tokens=15,
            output_tokens=2,
            cost_micros=7,
            last_seq=5,
        )


async def test_a_workflow_adds_up_when_the_facts_it_counted_are_erased(database: Database) -> None:
    erased = MessageErased(channel_id="1001", source_ref=ref(2), counted_in=(CountedIn(workflow_id="w1"),))
    left = [entry(1, ingested(1)), entry(3, IngestCompleted(expected=2, pages=1)), entry(4, processed(1))]
    for facts in (
        [*left, entry(9, erased, workflow="")],
        [entry(2, ingested(2)), *left, entry(9, erased, workflow="")],
    ):
        await empty(database)
        await fold(database, facts, [])
        (notice,) = await completions(database)
        command = command_of(notice)
        assert isinstance(command, RecordProcessCompleted)
        assert (command.expected, command.done, command.skipped) == (2, 1, {"erased": 1})


async def test_a_notice_waits_until_it_was_announced(database: Database) -> None:
    await fold(database, [entry(1, IngestCompleted(expected=1, pages=1))], [])
    board = PostgresBoard(database)
    (notice,) = await board.waiting(10)
    await board.announced(notice)
    assert await board.waiting(10) == []


async def test_a_fact_that_is_not_what_it_promises_is_refused(database: Database) -> None:
    broken = Recorded(
        1, "tg.evt.message.failed.v1.c1", {"ce-type": "tg.message.failed.v1", "ce-workflowid": "w"}, b"{}"
    )
    with pytest.raises(MalformedMessage):
        await fold(database, [broken], [])


async def test_the_desk_gives_out_messages_in_the_order_of_their_facts(database: Database) -> None:
    desk = PostgresDesk(database)
    await fold(database, story(10)[:6], [])
    options = ProcessingOptions(force=True, budget=Budget(messages=5), concurrency=2)
    await desk.open("w1", 0, "bulk", choice := ModelChoice(model="small"), options)
    (workflow,) = await desk.open_workflows()
    assert (workflow.in_flight, workflow.choice, workflow.options) == (0, choice, options)
    async with desk.turn(workflow) as turn, desk.turn(workflow) as other:
        assert other is None
        assert turn is not None
        waiting = await turn.waiting(3)
        assert [each.seq for each in waiting] == [1, 2, 3]
        await turn.issued([each.item_key for each in waiting], WHEN)
    (workflow,) = await desk.open_workflows()
    assert workflow.in_flight == 3
    assert await desk.overdue(WHEN) == []
    later = WHEN.replace(year=2027)
    assert await desk.overdue(later) == [("w1", 0)]
    assert await desk.take_back(("w1", 0), later) == 3
    async with desk.turn(workflow) as turn:
        assert turn is not None
        assert [each.issues for each in await turn.waiting(4)] == [1, 1, 1, 0]
        await turn.issued([each.item_key for each in waiting], WHEN)
    await desk.reopen("w1")
    async with desk.turn(workflow) as turn:
        assert turn is not None
        assert [each.issues for each in await turn.waiting(4)] == [2, 2, 2, 0]
    await desk.close("w1")
    assert await desk.open_workflows() == []


async def test_a_message_with_a_document_is_told_by_which_pipeline_it_was_made(database: Database) -> None:
    await fold(database, [entry(1, processed(7), "w0"), entry(2, ingested(7), "w1")], [])
    desk = PostgresDesk(database)
    await desk.open("w1", 0, "bulk", ModelChoice())
    (workflow,) = await desk.open_workflows()
    async with desk.turn(workflow) as turn:
        assert turn is not None
        (waiting,) = await turn.waiting(10)
    assert (waiting.pipeline_key, waiting.content_hash) == ("pipeline", "hash 7")
