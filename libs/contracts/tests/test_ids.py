from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.contracts import ids, subjects
from tg_parser.contracts.documents import MessageFailed, MessageSkipped
from tg_parser.contracts.jobs import Export, ProcessMessage
from tg_parser.contracts.messages import IngestCompleted, MessageIngested, TelegramMessage

CHANNELS = st.from_regex(r"\A(?:[0-9]{1,19}|chat[0-9]{1,10}|user[0-9]{1,10}|[A-Za-z][A-Za-z0-9_]{2,31})\Z")


def message(text: str = "text", **changed: object) -> TelegramMessage:
    fields = {"channel_id": "1", "message_id": 1, "date": datetime(2026, 1, 1, tzinfo=UTC), "text": text}
    return TelegramMessage.model_validate(fields | changed)


def ingested(text: str = "text") -> MessageIngested:
    told = message(text)
    return MessageIngested(message=told, content_hash=told.content_hash(), source_kind="td_json")


@given(CHANNELS, st.sampled_from(["post", "comment"]), st.integers(-(2**31), 2**31))
def test_a_source_reference_read_back_is_the_same(channel: str, message_type: ids.MessageType, message_id: int) -> None:
    ref = ids.source_ref(channel, message_type, message_id)
    assert ids.parse_source_ref(ref) == (channel, message_type, message_id)


@pytest.mark.parametrize("channel", ["", "-100123", "a:b", "a.b", "два", "1 2", "ab", "1\n"])
def test_what_is_no_channel_id_makes_no_source_reference(channel: str) -> None:
    with pytest.raises(ValueError, match="is not a channel id"):
        ids.source_ref(channel, "post", 1)


@pytest.mark.parametrize(
    "ref", ["", "tg:1:post", "tg:1:story:1", "tg:1:post:x", "doc:tg:1:post:1", "tg:1:post:1 ", "tg:1:post:1\n"]
)
def test_what_is_no_source_reference_is_refused_by_name(ref: str) -> None:
    with pytest.raises(ValueError, match="is not a source reference"):
        ids.parse_source_ref(ref)


def test_ids_are_those_of_the_stored_references() -> None:
    ref = "tg:1001:post:7"
    assert ids.document_id(ref) == "doc:tg:1001:post:7"
    assert ids.message_entry_id(ref) == "kb:msg:tg:1001:post:7"
    assert ids.topic_id(ref) == "topic:tg:1001:post:7"
    assert ids.topic_entry_id(ids.topic_id(ref)) == "kb:topic:topic:tg:1001:post:7"


def test_deterministic_ids_never_change() -> None:
    assert ids.deterministic_id("tg.message.ingested", "tg:1:post:1", "hash") == "d0e88a87-4467-5264-8f14-328fcdb7c9f6"


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_different_parts_make_different_ids(one: list[str], other: list[str]) -> None:
    separated = all("\x1f" not in part for part in (*one, *other))
    same = ids.deterministic_id(*one) == ids.deterministic_id(*other)
    assert same == (one == other) or not separated


def test_a_fact_about_the_world_has_one_id_in_every_workflow() -> None:
    assert ingested().identity("w1", 0) == ingested().identity("w2", 3)
    assert ingested().identity("", 0) != ingested("other").identity("", 0)


def test_a_fact_of_a_workflow_has_another_id_in_each_workflow_and_generation() -> None:
    fact = IngestCompleted(expected=1, pages=1)
    assert len({fact.identity("w1", 0), fact.identity("w2", 0), fact.identity("w1", 1)}) == 3


def test_a_message_has_one_outcome_whatever_it_is() -> None:
    skipped = MessageSkipped(channel_id="1", source_ref="tg:1:post:1", reason="empty")
    failed = MessageFailed(channel_id="1", source_ref="tg:1:post:1", error_class="E", detail="d", attempts=1)
    assert skipped.identity("w", 0) == failed.identity("w", 0)
    assert skipped.identity("w", 0) != skipped.model_copy(update={"revision": 1}).identity("w", 0)


def test_counters_and_dates_are_no_content() -> None:
    later = message(reactions={"👍": 3}, edited_at="2026-02-01T00:00:00Z", date="2026-01-02T00:00:00Z")
    assert message().content_hash() == later.content_hash()
    assert message().content_hash() != message("another").content_hash()


def test_votes_are_no_content_but_the_answers_are() -> None:
    def poll(answer: str, voters: int) -> dict[str, object]:
        return {"question": "?", "answers": [{"text": answer, "voters": voters}], "total_voters": voters}

    assert message(poll=poll("a", 1)).content_hash() == message(poll=poll("a", 9)).content_hash()
    assert message(poll=poll("a", 1)).content_hash() != message(poll=poll("b", 1)).content_hash()


def test_subjects_have_one_token_for_each_part() -> None:
    assert subjects.fact_subject(ingested()) == "tg.evt.message.ingested.v2.c1"
    assert subjects.fact_subject(IngestCompleted(expected=0, pages=0)) == "tg.evt.ingest.completed.v1.all"
    assert subjects.fact_filter(MessageIngested) == "tg.evt.message.ingested.*.*"
    assert subjects.fact_filter(MessageIngested, "7") == "tg.evt.message.ingested.*.c7"
    assert subjects.job_subject(ProcessMessage, "bulk", "w1") == "tg.job.process.v1.bulk.w1"
    assert subjects.job_filter(Export) == "tg.job.export.v1.*.*"
    assert subjects.dead_letter_subject("process", "") == "tg.dlq.process.none"
