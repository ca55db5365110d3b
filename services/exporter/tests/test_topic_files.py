from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.knowledge import TopicExport
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.topics import TopicOpened
from tg_parser.exporter.domain.rows import ChannelName, MemberRow, TopicRow
from tg_parser.exporter.domain.topic_files import TOPIC_FILE, topic_dossier, topic_export, topic_file_name

Topics = Callable[..., TopicOpened]
Rows = Callable[..., TopicRow]


def test_a_topic_file_has_the_shape_of_the_contract(
    topic: Topics,
    topic_row: Rows,
    member: Callable[..., MemberRow],
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
) -> None:
    known = member(ingested(2), processed(2))
    export = topic_export(topic_dossier(topic_row(topic("tg:77:post:1", "tg:77:post:2"), known)))
    Draft202012Validator(TopicExport.model_json_schema()).validate(export)
    assert TopicExport.model_validate(export).resolved_sources[1].title == "Text 2."
    assert export["resolved_sources"][1]["telegram_url"] == "https://t.me/daily/2"


def test_a_topic_file_is_dated_by_the_newest_thing_in_it(
    topic: Topics, topic_row: Rows, member: Callable[..., MemberRow], ingested: Callable[..., MessageIngested]
) -> None:
    export = topic_export(topic_dossier(topic_row(topic("tg:77:post:1"), member(ingested(1), None))))
    assert export["exported_at"] == "2026-01-01T01:00:00Z"


def test_sources_are_sorted_by_role_then_score_then_name(topic: Topics, topic_row: Rows) -> None:
    told = topic("tg:77:post:5", *(f"tg:77:post:{number}" for number in (1, 2, 3, 4)))
    scores = [0.5, None, 0.0, 0.7, 0.0]
    items = tuple(
        item.model_copy(update={"score": score}) for item, score in zip(told.bundle.items, scores, strict=True)
    )
    told = told.model_copy(update={"bundle": told.bundle.model_copy(update={"items": items})})
    resolved = topic_dossier(topic_row(told)).resolved
    assert [source["message_id"] for source in resolved] == ["5", "3", "2", "4", "1"]


def test_an_anchor_keeps_the_cards_score_and_the_bundles_justification(topic: Topics, topic_row: Rows) -> None:
    anchor = topic_dossier(topic_row(topic("tg:77:post:1"))).resolved[0]
    assert (anchor["role"], anchor["score"], anchor["justification"]) == ("anchor", 0.9, "terms")


def test_a_message_that_is_gone_is_named_without_a_link(topic: Topics, topic_row: Rows) -> None:
    source = topic_dossier(topic_row(topic("tg:77:post:1"))).resolved[0]
    assert not {"telegram_url", "published_at", "title"} & set(source)


@pytest.mark.parametrize(
    ("topic_id", "name"), [("topic:tg:77:post:1", "topic_topic_tg_77_post_1.json"), ("a:b", "topic_a_b.json")]
)
def test_a_topics_file_is_named_as_before(topic_id: str, name: str) -> None:
    assert topic_file_name(topic_id) == name


@given(st.text(min_size=1, max_size=300))
def test_no_topic_id_escapes_its_folder(topic_id: str) -> None:
    name = topic_file_name(topic_id)
    assert TOPIC_FILE.fullmatch(name)
    assert len(name) < 200


@given(st.lists(st.text(alphabet="ab/\\.é ", min_size=1, max_size=8), unique=True))
def test_ids_no_file_system_likes_still_get_files_of_their_own(ids: list[str]) -> None:
    strange = [topic_id for topic_id in ids if topic_file_name(topic_id) != f"topic_{topic_id}.json"]
    assert len({topic_file_name(topic_id) for topic_id in strange}) == len(strange)


def test_a_comment_of_a_topic_is_addressed_through_its_post(
    ingested: Callable[..., MessageIngested],
    processed: Callable[..., MessageProcessed],
    topic: Callable[..., TopicOpened],
    topic_row: Callable[..., TopicRow],
    member: Callable[..., MemberRow],
) -> None:
    said = ingested(2, channel_id="99", message_type="comment", root_ref="tg:77:post:7", thread_id=5)
    row = topic_row(topic("tg:99:comment:2"), member(said, processed(2)))
    known = topic_dossier(row, {"77": ChannelName("The Daily", "daily")}).resolved[0]
    assert known["telegram_url"] == "https://t.me/daily/7?comment=2"
    assert topic_dossier(row).resolved[0]["telegram_url"] == "https://t.me/c/77/7?comment=2"
