from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageFailed, MessageProcessed, MessageSkipped
from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestPageCommitted,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageRestored,
    RejectedInput,
)
from tg_parser.contracts.model import Fact
from tg_parser.contracts.topics import TopicOpened, TopicRetired, TopicsMerged, TopicSplit, TopicUpdated
from tg_parser.exporter.domain.folding import HEARD, Told, rows_of
from tg_parser.exporter.domain.registers import (
    CHANNEL,
    OUTCOME,
    PRESENCE,
    REGISTERS,
    REJECTED,
    TOPIC,
    TOPIC_ALIAS,
    USERNAME,
    Register,
    Row,
)

REF = "tg:77:post:1"


def skipped(reason: str, revision: int = 0) -> MessageSkipped:
    return MessageSkipped.model_validate(
        {"channel_id": "77", "source_ref": REF, "reason": reason, "revision": revision}
    )


def failure(revision: int = 0) -> MessageFailed:
    return MessageFailed(
        channel_id="77", source_ref=REF, revision=revision, error_class="E", detail="It broke.", attempts=3
    )


def fold(*facts: tuple[int, Fact]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {register.table: [] for register in REGISTERS}
    for seq, fact in facts:
        for register, row in rows_of(Told(seq, "w1", fact, encode(fact).decode())):
            rows[register.table].append(row)
    return {register.table: register.newest(rows[register.table]) for register in REGISTERS}


def value(register: Register, row: Row, column: str) -> object:
    return row[list(register.columns).index(column)]


def outcome(*facts: tuple[int, Fact]) -> tuple[object, object]:
    (row,) = fold(*facts)["outcome"]
    return value(OUTCOME, row, "kind"), value(OUTCOME, row, "seq")


Processed = Callable[..., MessageProcessed]


def test_a_replays_document_takes_the_place_of_the_earlier_one(processed: Processed) -> None:
    assert outcome((5, processed(1)), (9, processed(1))) == ("processed", 9)


@pytest.mark.parametrize("reason", ["unchanged", "cancelled"])
def test_a_reason_that_says_nothing_leaves_the_document(processed: Processed, reason: str) -> None:
    assert outcome((5, processed(1)), (9, skipped(reason))) == ("processed", 5)
    assert outcome((5, processed(1)), (9, skipped(reason, revision=2))) == ("processed", 5)


def test_a_failure_leaves_a_document_of_the_same_revision_but_not_of_an_older_one(processed: Processed) -> None:
    assert outcome((5, processed(1)), (9, failure())) == ("processed", 5)
    assert outcome((5, processed(1)), (9, failure(revision=1))) == ("failed", 9)


def test_an_outcome_of_an_older_revision_comes_too_late(processed: Processed) -> None:
    assert outcome((5, processed(1, revision=1)), (9, processed(1))) == ("processed", 5)


def test_a_message_now_found_empty_loses_its_document(processed: Processed) -> None:
    assert outcome((5, processed(1)), (9, skipped("empty", revision=1))) == ("skipped", 9)


def test_an_unknown_username_does_not_erase_a_known_one() -> None:
    known = ChannelObserved(
        channel_id="77", title="Old", channel_type="c", username="daily", source_kind="mtproto_history"
    )
    unknown = ChannelObserved(channel_id="77", title="New", channel_type="c", source_kind="td_json")
    folded = fold((1, known), (2, unknown))
    assert folded[CHANNEL.table] == [("77", "New", 2)]
    assert folded[USERNAME.table] == [("77", "daily", 1)]


def test_absorbed_topics_end_and_resolve_to_the_survivor(topic: Callable[..., TopicOpened]) -> None:
    one, two = topic("tg:77:post:1"), topic("tg:77:post:2")
    merged = TopicsMerged(survivor=one.topic_id, absorbed=(two.topic_id,), epoch=2)
    folded = fold((1, one), (2, two), (3, merged))
    assert [(row[0], row[1]) for row in folded[TOPIC.table]] == [(one.topic_id, True), (two.topic_id, False)]
    assert folded[TOPIC_ALIAS.table] == [(two.topic_id, one.topic_id, 3)]


def test_every_rejected_input_of_a_page_is_kept() -> None:
    bad = tuple(RejectedInput(position=at, reason="It has no id.") for at in (3, 4))
    folded = fold((7, IngestPageCommitted(page=0, cursor=9, rejected=bad)))
    assert folded[REJECTED.table] == [
        (7, 0, "w1", 3, None, None, "It has no id."),
        (7, 1, "w1", 4, None, None, "It has no id."),
    ]


def test_what_is_erased_leaves_no_text_and_no_late_fact_brings_it_back(
    ingested: Callable[..., MessageIngested], processed: Processed
) -> None:
    erased = MessageErased(channel_id="77", source_ref=REF)
    rows = fold(
        (1, ingested(1)),
        (2, processed(1)),
        (3, erased),
        (4, processed(1, revision=3)),
        (5, MessageRestored(channel_id="77", source_ref=REF)),
    )
    assert "Text 1" not in repr(rows)
    assert "Post 1" not in repr(rows)
    assert rows[PRESENCE.table] == [(REF, "77", True, True, 3)]


def test_every_fact_that_is_heard_is_folded(
    ingested: Callable[..., MessageIngested], processed: Processed, topic: Callable[..., TopicOpened]
) -> None:
    facts = every_fact(ingested, processed, topic)
    assert {type(fact) for fact in facts} == set(HEARD)
    for fact in facts:
        assert list(rows_of(Told(1, "w1", fact, encode(fact).decode()))), fact.wire_type()


@given(data=st.data())
def test_rows_depend_neither_on_order_nor_on_batches_nor_on_repetition(
    data: st.DataObject,
    ingested: Callable[..., MessageIngested],
    processed: Processed,
    topic: Callable[..., TopicOpened],
) -> None:
    log = list(enumerate(every_fact(ingested, processed, topic), start=1))
    expected = {table: sorted(rows, key=repr) for table, rows in fold(*log).items()}
    shuffled = data.draw(st.permutations(log)) + data.draw(st.lists(st.sampled_from(log), max_size=5))
    stored: dict[str, list[Row]] = {register.table: [] for register in REGISTERS}
    while shuffled:
        size = data.draw(st.integers(min_value=1, max_value=len(shuffled)))
        folded = fold(*shuffled[:size])
        stored = {r.table: r.newest([*stored[r.table], *folded[r.table]]) for r in REGISTERS}
        shuffled = shuffled[size:]
    assert {table: sorted(rows, key=repr) for table, rows in stored.items()} == expected


def every_fact(
    ingested: Callable[..., MessageIngested], processed: Processed, topic: Callable[..., TopicOpened]
) -> list[Fact]:
    first = ingested(1)
    edited = MessageEdited(
        message=first.message.model_copy(update={"text": "Other."}),
        content_hash="h2",
        source_kind="td_json",
        revision=1,
        previous_hash=first.content_hash,
    )
    enriched = MessageEnriched(message=edited.message, content_hash="h2", source_kind="web_preview", revision=1)
    one, two, three = (topic(f"tg:77:post:{number}") for number in (1, 2, 3))
    return [
        ChannelObserved(channel_id="77", title="Old", channel_type="c", username="daily", source_kind="td_json"),
        ChannelObserved(channel_id="77", title="New", channel_type="c", source_kind="td_json"),
        first,
        processed(1),
        edited,
        enriched,
        skipped("unchanged"),
        failure(revision=1),
        processed(1, revision=1),
        MessageDeleted(channel_id="77", source_ref=REF),
        MessageRestored(channel_id="77", source_ref=REF),
        MessageErased(channel_id="77", source_ref="tg:77:post:9"),
        one,
        two,
        three,
        TopicUpdated(topic_id=one.topic_id, card=one.card, bundle=one.bundle, epoch=2),
        TopicsMerged(survivor=one.topic_id, absorbed=(two.topic_id,), epoch=2),
        TopicSplit(parent=one.topic_id, children=(three.topic_id,), epoch=2),
        TopicRetired(topic_id=three.topic_id, epoch=3),
        IngestPageCommitted(page=0, cursor=1, rejected=(RejectedInput(position=1, reason="Bad."),)),
    ]
