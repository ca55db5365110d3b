"""The databases as each version made them, and what is not one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from tg_parser.contracts.messages import RejectedInput, SourceSpec
from tg_parser.contracts.sources import SourceAdded, SourcePaused
from tg_parser.contracts.topics import TopicImported
from tg_parser.ingestor.adapters.exports.worker import Order, pack, unpack
from tg_parser.ingestor.adapters.v3_database.chat_rows import reparse
from tg_parser.ingestor.adapters.v3_database.pages import read_databases
from tg_parser.ingestor.domain import ChannelSeen, Inherited, MessageSeen, Page, SourceItem
from tg_parser.ingestor.originals import unpack as originals_of
from tg_parser.ingestor.ports import SourceRefused
from tg_parser.testkit.old_installation import Installation, Version


def read(installation: Installation, **spec: Any) -> list[Page]:
    asked = SourceSpec.model_validate({"kind": "v3_database", "location": str(installation.folder), **spec})
    return list(read_databases(Order(asked, (installation.folder.parent,), 0, 100)))


def items(installation: Installation, **spec: Any) -> list[SourceItem]:
    return [item for page in read(installation, **spec) for item in page.items]


def messages(installation: Installation, **spec: Any) -> list[MessageSeen]:
    return [item for item in items(installation, **spec) if isinstance(item, MessageSeen)]


def rejected(installation: Installation) -> list[str]:
    return [item.reason for item in items(installation) if isinstance(item, RejectedInput)]


def topics(installation: Installation, **spec: Any) -> list[TopicImported]:
    found = [item for item in items(installation, **spec) if isinstance(item, Inherited)]
    return [fact for item in found for fact in item.facts if isinstance(fact, TopicImported)]


@pytest.mark.parametrize("version", get_args(Version))
def test_every_version_is_read_with_what_it_had_understood(tmp_path: Path, version: Version) -> None:
    installation = Installation(tmp_path / "old", version)
    ref = installation.message("-1001750000001", 5, payload={"message": "Мост открыт"}, text="**Мост** открыт")
    installation.document(ref)
    (seen,) = messages(installation)
    assert seen.message.source_ref == "tg:1750000001:post:5"
    assert seen.as_of is not None
    assert (seen.as_of.hour, seen.metrics.views if seen.metrics else None) == (10, 105)
    assert seen.document is not None
    assert seen.document.text_hash == seen.message.text_hash()
    assert (seen.document.model_id, seen.document.pipeline_version) == ("gpt-4o-mini", "processing:v1.0.0")
    assert seen.document.processed_at.isoformat() == "2025-03-05T10:00:00+00:00"
    assert [(each.type, each.value, each.confidence) for each in seen.document.entities] == [("location", "Вель", 0.9)]


def test_pages_cross_a_pipe_unchanged_and_their_originals_are_read_again(installation: Installation) -> None:
    installation.document(installation.message("-1001750000001", 5))
    installation.comment("-1001750000001", 5, 900)
    pages = read(installation)
    assert [unpack(pack(page)) for page in pages] == pages
    kept = [entry for page in pages if page.originals for entry in originals_of(page.originals)]
    assert [reparse(entry.original) for entry in kept] == [each.message for each in messages(installation)]


def test_nothing_is_written_beside_the_databases_or_into_them(installation: Installation) -> None:
    installation.message("1750000001", 5)

    def state() -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(installation.folder.iterdir())
        }

    before = state()
    read(installation)
    installation.execute("raw_storage", "PRAGMA journal_mode = wal")
    through_log = state()
    read(installation)
    assert state() == through_log
    assert before.keys() == through_log.keys()


def test_a_user_name_is_no_identity_and_is_asked_about(installation: Installation) -> None:
    installation.message("vel_river", 5)
    installation.message("Town-News", 5)
    with pytest.raises(SourceRefused) as refused:
        read(installation)
    assert "--channel-id Town-News=ID --channel-id vel_river=ID" in str(refused.value)
    found = messages(installation, channel_ids={"@Vel_River": "-1001750000001", "Town-News": "1750000002"})
    assert [each.message.channel_id for each in found] == ["1750000001", "1750000002"]


def test_the_specs_channel_is_the_only_one_that_is_not_known(installation: Installation) -> None:
    installation.message("vel_river", 5)
    installation.message("-100175000000", 6)
    found = messages(installation, channel_id="1750000001")
    assert [each.message.source_ref for each in found] == ["tg:175000000:post:6", "tg:1750000001:post:5"]


def test_a_source_that_has_both_tells_which_channel_a_user_name_is(installation: Installation) -> None:
    installation.source("river", "-1001750000001", channel_username="@vel_river")
    installation.message("vel_river", 5)
    installation.message("-1001750000001", 5)
    installation.message("-1001750000001", 6)
    assert [each.message.source_ref for each in messages(installation)] == [
        "tg:1750000001:post:5",
        "tg:1750000001:post:6",
    ]
    (channel,) = [item for item in items(installation) if isinstance(item, ChannelSeen)]
    assert (channel.channel_id, channel.username) == ("1750000001", "vel_river")


def test_comments_of_a_group_that_is_named_are_the_groups(installation: Installation) -> None:
    installation.message("1750000001", 5)
    installation.comment("1750000001", 5, 900)
    found = messages(installation, group_ids={"1750000001": "1750000009"})
    assert [each.message.source_ref for each in found] == ["tg:1750000001:post:5", "tg:1750000009:comment:900"]
    chats = [
        item for item in items(installation, group_ids={"1750000001": "1750000009"}) if isinstance(item, ChannelSeen)
    ]
    assert [(chat.channel_id, chat.discussion_id) for chat in chats] == [
        ("1750000001", "1750000009"),
        ("1750000009", None),
    ]


def test_what_cannot_be_taken_over_is_listed(installation: Installation) -> None:
    installation.message("1750000001", 5, date="yesterday")
    installation.document(installation.message("1750000001", 6), processed_at="one day")
    installation.document("tg:1750000001:post:7")
    installation.topic("topic:tg:1750000001:post:8", ["tg:1750000001:post:8"])
    installation.source("!", "1750000001")
    assert [each.message.message_id for each in messages(installation)] == [6]
    assert rejected(installation) == [
        "The source '!' was left out: its name or its channel cannot be used.",
        "Its document was made at 'one day', which is no moment.",
        "Its date is 'yesterday', which is no moment.",
        "The document of tg:1750000001:post:7 is there without its message.",
        "The topic 'topic:tg:1750000001:post:8' was left out. None of its anchors is a message of these databases.",
    ]


def test_topics_keep_their_name_and_lose_what_a_model_made_up(installation: Installation) -> None:
    refs = [installation.message("vel_river", number) for number in (1, 2, 3)]
    installation.topic("topic:tg:vel_river:post:99", ["tg:vel_river:post:99", refs[0]], [refs[1], "tg:other:post:1"])
    (topic,) = topics(installation, channel_id="1750000001")
    assert (topic.topic_id, topic.old_id) == ("topic:tg:1750000001:post:99", "topic:tg:vel_river:post:99")
    assert [anchor.anchor_ref for anchor in topic.card.anchors] == ["tg:1750000001:post:1"]
    assert [(item.source_ref, item.role) for item in topic.bundle.items] == [
        ("tg:1750000001:post:1", "anchor"),
        ("tg:1750000001:post:2", "supporting"),
    ]
    assert (topic.card.title, topic.card.summary) == ("Паводок на Вели", "Что писала модель о паводке.")
    assert topic.card.updated_at.isoformat() == "2025-03-06T10:00:00+00:00"


def test_sources_are_registered_as_they_were_and_none_is_followed(installation: Installation) -> None:
    installation.source(
        "@town", "town_news", status="paused", include_comments=1, batch_size=5000, poll_interval_seconds=60
    )
    (found,) = [item for item in items(installation) if isinstance(item, Inherited)]
    added, paused = found.facts
    assert isinstance(added, SourceAdded)
    assert isinstance(paused, SourcePaused)
    assert (found.name, added.source_id, added.spec.location, added.spec.channel_id) == (
        "source:town",
        "town",
        "town_news",
        None,
    )
    assert (added.batch_size, added.follow_every, added.spec.include_comments) == (1000, None, True)


def without_a_file(old: Installation) -> None:
    old.path("processing_storage").unlink()


def with_a_page(old: Installation) -> None:
    old.path("raw_storage").write_bytes(b"<html>")


def with_an_empty_file(old: Installation) -> None:
    old.path("raw_storage").write_bytes(b"")


def without_a_table(old: Installation) -> None:
    old.execute("raw_storage", "DROP TABLE raw_messages")


def without_a_column(old: Installation) -> None:
    old.execute("ingestion_state", "ALTER TABLE sources DROP COLUMN batch_size")


def of_a_later_version(old: Installation) -> None:
    old.execute("raw_storage", "UPDATE alembic_version SET version_num = 'later'")


def damaged(old: Installation) -> None:
    body = bytearray(old.path("raw_storage").read_bytes())
    body[4096 * 4 : 4096 * 12] = b"\xff" * (4096 * 8)
    old.path("raw_storage").write_bytes(body)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without_a_file, "holds no processing_storage.sqlite"),
        (with_a_page, "is no SQLite database"),
        (with_an_empty_file, "is empty"),
        (without_a_table, "has no table raw_messages"),
        (without_a_column, "has no column batch_size"),
        (of_a_later_version, "the schema 'later'"),
        (damaged, "damaged|cannot be read"),
    ],
)
def test_what_is_no_database_of_an_earlier_version_is_refused_in_a_sentence(
    tmp_path: Path, spoil: Callable[[Installation], None], sentence: str
) -> None:
    installation = Installation(tmp_path / "old", "v3.1")
    for number in range(60):
        installation.message("1750000001", number + 1)
    spoil(installation)
    with pytest.raises(SourceRefused, match=sentence) as refused:
        read(installation)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_folder_outside_the_open_ones_is_not_looked_into(installation: Installation, tmp_path: Path) -> None:
    asked = SourceSpec(kind="v3_database", location=str(installation.folder))
    for roots in ((), (tmp_path / "other",)):
        with pytest.raises(SourceRefused) as refused:
            list(read_databases(Order(asked, roots, 0, 100)))
        assert refused.value.cause == "not_allowed"
