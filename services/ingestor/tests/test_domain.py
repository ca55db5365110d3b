from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import (
    ChannelObserved,
    IngestPageCommitted,
    KnownMessage,
    MessageEdited,
    MessageIngested,
    RejectedInput,
    TelegramMessage,
)
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.domain import (
    ChannelSeen,
    KnownState,
    MessageSeen,
    Page,
    PageDecision,
    Progress,
    Reading,
    SourceEnd,
    SourceItem,
    completed,
    decide_page,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL = ChannelSeen("1", "Новости", "public_channel")
NOBODY = Reading("w1/0", "td_json", "test/1")


def seen(number: int, text: str = "a", edited: int | None = None) -> MessageSeen:
    edited_at = None if edited is None else DAY + timedelta(hours=edited)
    message = TelegramMessage(channel_id="1", message_id=number, date=DAY, text=text, edited_at=edited_at)
    return MessageSeen(message, message.content_hash())


@dataclass
class Log:
    """The facts as they were told, and what the ingestor's projection makes of them."""

    facts: list[tuple[str, Fact]] = field(default_factory=list[tuple[str, Fact]])

    def tell(self, reading: Reading, facts: Sequence[Fact]) -> None:
        self.facts += [(reading.name, fact) for fact in facts]

    def known(self) -> dict[str, KnownState]:
        states: dict[str, KnownState] = {}
        for seq, (told_by, fact) in enumerate(self.facts, 1):
            if isinstance(fact, MessageIngested | MessageEdited):
                revision = fact.revision if isinstance(fact, MessageEdited) else 0
                states[fact.source_ref] = KnownState(fact.content_hash, revision, seq, fact.message.edited_at, told_by)
        return states

    def channels(self) -> dict[str, ChannelSeen]:
        told = [fact for _, fact in self.facts if isinstance(fact, ChannelObserved)]
        return {fact.channel_id: ChannelSeen(fact.channel_id, fact.title, fact.channel_type) for fact in told}

    def progress(self, reading: Reading) -> Progress:
        found = Progress()
        for told_by, page in self.facts:
            if told_by == reading.name and isinstance(page, IngestPageCommitted):
                found = Progress(
                    page.cursor,
                    page.page + 1,
                    found.ingested + page.ingested,
                    found.edited + page.edited,
                    found.known + len(page.known),
                    found.rejected + len(page.rejected),
                )
        return found

    def messages(self) -> list[Fact]:
        return [fact for _, fact in self.facts if isinstance(fact, MessageIngested | MessageEdited)]

    def decide(self, page: Page, reading: Reading) -> PageDecision:
        return decide_page(page, self.progress(reading), reading, messages=self.known(), channels=self.channels())

    def read(self, items: Sequence[SourceItem], reading: Reading, *, size: int = 3, crash_after: int = 1_000) -> None:
        """Read to the end, or until so many facts have been told."""
        begin = self.progress(reading).cursor
        allowed = len(self.facts) + crash_after
        for at in range(begin, max(len(items), begin + 1), size):
            chunk = items[at : at + size]
            decision = self.decide(Page((CHANNEL, *chunk), at + len(chunk)), reading)
            told = [*decision.facts, *([decision.committed] if decision.committed else [])]
            room = allowed - len(self.facts)
            self.tell(reading, told[:room])
            if len(told) > room:
                return


def test_a_message_seen_for_the_first_time_is_ingested() -> None:
    log = Log()
    decision = log.decide(Page((CHANNEL, seen(1)), 1), NOBODY)
    assert [type(fact) for fact in decision.facts] == [ChannelObserved, MessageIngested]
    assert decision.committed == IngestPageCommitted(page=0, cursor=1, ingested=1, cumulative=1)


def test_an_unchanged_message_is_listed_as_known_with_its_place_in_the_log() -> None:
    log = Log()
    log.read([seen(1)], Reading("earlier/0", "td_json", "test/1"))
    decision = log.decide(Page((CHANNEL, seen(1)), 1), NOBODY)
    known = KnownMessage(source_ref="tg:1:post:1", content_hash=seen(1).content_hash, seq=2)
    assert decision.facts == ()
    assert decision.committed == IngestPageCommitted(page=0, cursor=1, cumulative=1, known=(known,))


def test_a_changed_message_is_edited_and_revisions_count_up() -> None:
    log = Log()
    for number, text in enumerate(["a", "b", "c"]):
        log.read([seen(1, text, edited=number)], Reading(f"w{number}/0", "td_json", "test/1"))
    edits = [fact for fact in log.messages() if isinstance(fact, MessageEdited)]
    assert [(edit.revision, edit.previous_hash) for edit in edits] == [
        (1, seen(1, "a").content_hash),
        (2, seen(1, "b").content_hash),
    ]


def test_an_edit_without_a_change_of_content_is_no_edit() -> None:
    log = Log()
    log.read([seen(1, "a")], Reading("earlier/0", "td_json", "test/1"))
    log.read([seen(1, "a", edited=5)], NOBODY)
    assert len(log.messages()) == 1


def test_an_older_import_never_undoes_a_newer_edit() -> None:
    log = Log()
    log.read([seen(1, "new", edited=9), seen(2, "new", edited=9)], Reading("earlier/0", "td_json", "test/1"))
    decision = log.decide(Page((seen(1, "old"), seen(2, "older", edited=8)), 2), NOBODY)
    assert decision.facts == ()
    assert decision.committed is not None
    assert {entry.content_hash for entry in decision.committed.known} == {seen(1, "new").content_hash}
    assert decision.progress.messages == 2


def test_a_channel_is_told_again_only_if_it_changed() -> None:
    log = Log()
    log.read([], NOBODY)
    renamed = ChannelSeen("1", "Новое имя", "public_channel")
    assert log.decide(Page((CHANNEL,), 0), NOBODY).facts == ()
    assert [type(fact) for fact in log.decide(Page((renamed, renamed), 0), NOBODY).facts] == [ChannelObserved]


def test_a_page_without_messages_commits_nothing() -> None:
    assert Log().decide(Page((CHANNEL,), 0), NOBODY).committed is None


def test_what_was_rejected_is_committed_with_its_page_and_not_expected() -> None:
    bad = RejectedInput(position=1, reason="It has no date.")
    decision = Log().decide(Page((seen(1), bad), 2), NOBODY)
    assert decision.committed is not None
    assert decision.committed.rejected == (bad,)
    done = completed(decision.progress, SourceEnd(("1",), "It was cut off."))
    assert (done.expected, done.rejected, done.truncated, done.channel_ids) == (1, 1, "It was cut off.", ("1",))


def test_an_ignored_copy_moves_the_cursor_and_counts_for_nothing() -> None:
    decision = Log().decide(Page((), 3), NOBODY)
    assert decision.committed == IngestPageCommitted(page=0, cursor=3)
    assert decision.progress.messages == 0


ITEMS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from("abc"), st.none() | st.integers(0, 3)),
    max_size=12,
    unique_by=lambda item: item[0],
).map(lambda items: [seen(*item) for item in items])


@settings(deadline=None)
@given(
    before=ITEMS,
    items=ITEMS,
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    crashes=st.lists(st.integers(0, 9)),
)
def test_pages_and_crashes_do_not_change_the_facts(
    before: list[MessageSeen], items: list[MessageSeen], sizes: list[int], crashes: list[int]
) -> None:
    smooth, rough = Log(), Log()
    for log in (smooth, rough):
        log.read(before, Reading("earlier/0", "td_json", "test/1"))
    smooth.read(items, NOBODY, size=4)
    for at, crash in enumerate(crashes):
        rough.read(items, NOBODY, size=sizes[at % len(sizes)], crash_after=crash)
    rough.read(items, NOBODY, size=sizes[-1])
    assert rough.messages() == smooth.messages()
    one, other = rough.progress(NOBODY), smooth.progress(NOBODY)
    assert (one.cursor, one.ingested, one.edited, one.known) == (
        other.cursor,
        other.ingested,
        other.edited,
        other.known,
    )
    assert one.messages == len(items)


@settings(deadline=None)
@given(items=ITEMS, generation=st.integers(0, 1))
def test_reading_an_unchanged_source_again_tells_nothing_of_its_messages(
    items: list[MessageSeen], generation: int
) -> None:
    log = Log()
    log.read(items, NOBODY)
    told = log.messages()
    again = Reading("w2/0" if generation == 0 else "w1/1", "td_json", "test/1")
    log.read(items, again)
    assert log.messages() == told
    assert log.progress(again).known == len(items)
