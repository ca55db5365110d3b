from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tg_parser.contracts.documents import DocumentImported, ImportedDocument
from tg_parser.contracts.messages import MessageIngested, SourceSpec, TelegramMessage
from tg_parser.contracts.sources import SourceAdded
from tg_parser.ingestor.deciding import Known, decide_page
from tg_parser.ingestor.domain import ChannelSeen, Heirloom, Inherited, KnownState, MessageSeen, Page, Progress, Reading

AT = datetime(2025, 3, 1, tzinfo=UTC)
MESSAGE = TelegramMessage(channel_id="1", message_id=7, date=AT, text="Мост открыт")
DOCUMENT = ImportedDocument(text_hash=MESSAGE.text_hash(), processed_at=AT, text_clean="Мост открыт")
SEEN = MessageSeen(MESSAGE, MESSAGE.content_hash(), document=DOCUMENT)
READING = Reading("w/0", "v3_database", "v3_database/1", AT, lists_known=False)
KNOWN = KnownState(MESSAGE.content_hash(), 0, 5, "other/0", frozenset({"v3_database"}))
SOURCE = SourceAdded(source_id="river", at=AT, spec=SourceSpec(kind="mtproto_history", location="vel_river"))


def decide(*items: Any, **known: Any) -> Any:
    return decide_page(Page(tuple(items), 1), Progress(), READING, Known(**known))


def test_a_document_is_told_before_its_message() -> None:
    decision = decide(SEEN)
    assert [type(fact) for fact in decision.first] == [DocumentImported]
    assert [type(fact) for fact in decision.facts] == [MessageIngested]


def test_a_second_reading_tells_nothing_and_settles_nothing() -> None:
    told = {"document:tg:1:post:7": Heirloom(DOCUMENT.digest(), "other/0")}
    decision = decide(SEEN, messages={"tg:1:post:7": KNOWN}, heirlooms=told)
    assert (decision.first, decision.facts, decision.committed.known) == ((), (), ())


def test_a_known_message_is_settled_again_if_its_document_is_news() -> None:
    decision = decide(SEEN, messages={"tg:1:post:7": KNOWN})
    assert len(decision.first) == 1
    assert [entry.source_ref for entry in decision.committed.known] == ["tg:1:post:7"]


def test_a_document_told_by_an_attempt_that_was_cut_off_is_still_this_readings_news() -> None:
    told = {"document:tg:1:post:7": Heirloom(DOCUMENT.digest(), READING.name)}
    decision = decide(SEEN, messages={"tg:1:post:7": KNOWN}, heirlooms=told)
    assert decision.first == ()
    assert [entry.source_ref for entry in decision.committed.known] == ["tg:1:post:7"]


def test_a_source_that_ever_had_the_name_is_left_as_it_is() -> None:
    item = Inherited("source:river", "", (SOURCE,))
    assert decide(item).first == (SOURCE,)
    assert decide(item, heirlooms={"source:river": Heirloom("", "")}).first == ()


def test_what_an_old_database_says_of_a_channel_adds_and_replaces_nothing() -> None:
    old, known = ChannelSeen("1", "", "", "old_name"), ChannelSeen("1", "Река", "public_channel", "new_name")
    assert decide(old, channels={"1": known}).facts == ()
    (observed,) = decide(old).facts
    assert (observed.title, observed.username) == ("old_name", "old_name")
