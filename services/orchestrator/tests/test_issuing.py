from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import IMPORTED_PIPELINE, DocumentImported, ImportedDocument
from tg_parser.contracts.jobs import ModelChoice, ProcessMessage
from tg_parser.contracts.messages import MessageEdited, MessageEnriched, MessageIngested, TelegramMessage
from tg_parser.contracts.model import Fact
from tg_parser.contracts.subjects import fact_subject
from tg_parser.orchestrator.issuing import job_id, jobs_of, read_facts, read_imported
from tg_parser.orchestrator.ports import Waiting

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def recorded(seq: int, fact: Fact) -> Recorded:
    return Recorded(seq, fact_subject(fact), {"ce-type": fact.wire_type()}, encode(fact))


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
    requests: int = 0
    read: int = 0

    async def read_range(self, stream: str, subject: str, *, from_seq: int, limit: int) -> list[Recorded]:
        del stream
        self.requests += 1
        kind = subject.rsplit(".", 2)[0]
        matching = [entry for entry in self.entries if entry.seq >= from_seq and entry.subject.startswith(kind)]
        self.read += len(matching[:limit])
        return matching[:limit]


async def test_scattered_facts_are_read_without_what_lies_between_them() -> None:
    facts = FakeFacts([recorded(seq, ingested(seq)) for seq in range(1, 2001)])
    wanted = [*range(1, 101), 700, 1400, 2000]
    assert sorted(await read_facts(facts, wanted)) == wanted
    assert facts.requests <= 6
    assert facts.read < 2 * len(wanted)


async def test_what_another_source_knew_more_of_is_the_message_of_the_job() -> None:
    known = message(1).model_copy(update={"author": "A Writer"})
    enriched = MessageEnriched(message=known, content_hash="hash 1", source_kind="web_preview", revision=3)
    facts = await read_facts(FakeFacts([recorded(8, ingested(1)), recorded(9, enriched)]), [9])
    waiting = Waiting("tg:1001:post:1", seq=9, issues=0, pipeline_key="", content_hash="", channel_title="")
    ((_, job),) = jobs_of(("w1", 0), ModelChoice(), [waiting], facts)
    assert (job.message, job.revision, job.source_seq) == (known, 3, 9)


async def test_what_was_paid_for_goes_with_the_job_unless_a_model_has_understood_the_message_since() -> None:
    document = ImportedDocument(text_hash=message(1).text_hash(), processed_at=NOW, text_clean="post 1")
    imported = DocumentImported(channel_id="1001", source_ref="tg:1001:post:1", document=document)
    log = FakeFacts([recorded(4, imported), recorded(8, ingested(1))])
    facts = await read_facts(log, [8])

    async def job_for(pipeline: str, content: str) -> ProcessMessage:
        waiting = Waiting("tg:1001:post:1", 8, 0, pipeline, content, "", imported_seq=4)
        ((_, job),) = jobs_of(("w1", 0), ModelChoice(), [waiting], facts | await read_imported(log, [waiting], facts))
        return job

    assert (await job_for("", "")).imported == document
    assert (await job_for(IMPORTED_PIPELINE, "an older hash")).imported == document
    assert (await job_for("a model's", "an older hash")).imported is None
    standing = await job_for(IMPORTED_PIPELINE, "hash 1")
    assert (standing.imported, standing.known_pipeline_key) == (None, IMPORTED_PIPELINE)


async def test_a_fact_that_is_gone_is_missing_and_not_a_fault() -> None:
    facts = FakeFacts([recorded(1, ingested(1)), recorded(3, edited(3))])
    assert sorted(await read_facts(facts, [1, 2, 3])) == [1, 3]


def test_a_message_has_one_job_and_another_only_when_it_was_lost() -> None:
    first = Waiting("tg:1001:post:1", 1, 0, "", "", "")
    assert job_id(("w1", 0), first) == job_id(("w1", 0), replace(first, seq=9))
    assert job_id(("w1", 0), first) not in {job_id(("w1", 1), first), job_id(("w2", 0), first)}
    assert job_id(("w1", 0), replace(first, issues=2)) == job_id(("w1", 0), first) + ":r2"
