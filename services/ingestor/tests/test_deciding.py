"""Decisions about pages: what is told does not depend on how a source is cut up, nor on where a reading was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import (
    ChannelObserved,
    Covered,
    IngestPageCommitted,
    KnownMessage,
    MessageDeleted,
    MessageEdited,
    MessageEnriched,
    MessageErased,
    MessageIngested,
    MessageMetrics,
    MessageMetricsObserved,
    MessageRestored,
    RejectedInput,
    SourceKind,
    TelegramMessage,
)
from tg_parser.contracts.model import Fact
from tg_parser.contracts.sources import DeletionsHeld
from tg_parser.ingestor.deciding import (
    Known,
    PageDecision,
    completed,
    decide_page,
    unclear,
    without_erased,
)
from tg_parser.ingestor.domain import (
    ChannelSeen,
    KnownState,
    MessageGone,
    MessageSeen,
    Page,
    Progress,
    Reading,
    SourceEnd,
    SourceItem,
)
from tg_parser.ingestor.judging import Recorded
from tg_parser.ingestor.originals import Original, pack, unpack

DAY = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL = ChannelSeen("1", "Новости", "public_channel")
LATER = DAY + timedelta(days=30)


def reading(name: str, kind: SourceKind = "td_json", *, after: int = 0) -> Reading:
    """One that began so many hours after the last message."""
    return Reading(name, kind, "test/1", LATER + timedelta(hours=after))


NOBODY = reading("w1/0")


def seen(number: int, text: str = "a", edited: int | None = None, **members: object) -> MessageSeen:
    edited_at = None if edited is None else DAY + timedelta(hours=edited)
    message = TelegramMessage(channel_id="1", message_id=number, date=DAY, text=text, edited_at=edited_at)
    message = message.model_copy(update=members)
    return MessageSeen(message, message.content_hash())


def ref(number: int) -> str:
    return f"tg:1:post:{number}"


Told = MessageIngested | MessageEdited | MessageEnriched


@dataclass
class Log:
    """The facts as they were told, and what the ingestor's projection makes of them."""

    facts: list[tuple[Reading, Fact]] = field(default_factory=list[tuple[Reading, Fact]])

    def tell(self, reading: Reading, facts: Sequence[Fact]) -> None:
        self.facts += [(reading, fact) for fact in facts]

    def messages(self) -> dict[str, KnownState]:
        states: dict[str, KnownState] = {}
        for seq, (reader, fact) in enumerate(self.facts, 1):
            if isinstance(fact, Told):
                before = states.get(fact.source_ref)
                kinds = (before.kinds if before else frozenset[str]()) | {fact.source_kind}
                told_by = before.told_by if before and isinstance(fact, MessageEnriched) else reader.name
                revision = 0 if isinstance(fact, MessageIngested) else fact.revision
                states[fact.source_ref] = KnownState(fact.content_hash, revision, seq, told_by, kinds)
            elif isinstance(fact, MessageDeleted | MessageRestored | MessageErased) and fact.source_ref in states:
                gone = not isinstance(fact, MessageRestored)
                erased = isinstance(fact, MessageErased)
                states[fact.source_ref] = replace(states[fact.source_ref], deleted=gone, erased=erased)
            elif isinstance(fact, MessageMetricsObserved):
                states[fact.source_ref] = replace(states[fact.source_ref], sampled=fact.sample)
        return states

    def known(self, page: Page, reading: Reading) -> Known:
        messages = self.messages()
        recorded: dict[str, Recorded] = {}
        for name, seq in unclear(page, messages, reading).items():
            reader, fact = self.facts[seq - 1]
            if isinstance(fact, Told):
                recorded[name] = Recorded(fact, reader.began)
        there = [name for name, state in messages.items() if not state.deleted]
        present = {
            stretch: [name for name in there if stretch.first <= int(name.rpartition(":")[2]) <= stretch.last]
            for stretch in page.covered
        }
        return Known(messages, recorded, self.channels(), present)

    def channels(self) -> dict[str, ChannelSeen]:
        told = [fact for _, fact in self.facts if isinstance(fact, ChannelObserved)]
        return {
            fact.channel_id: ChannelSeen(fact.channel_id, fact.title, fact.channel_type, fact.username) for fact in told
        }

    def progress(self, reading: Reading) -> Progress:
        found = Progress()
        for told_by, page in self.facts:
            if told_by.name == reading.name and isinstance(page, IngestPageCommitted):
                found = Progress(
                    page.cursor,
                    page.page + 1,
                    found.ingested + page.ingested,
                    found.edited + page.edited,
                    found.known + len(page.known),
                    found.rejected + len(page.rejected),
                )
        return found

    def about_messages(self) -> list[Fact]:
        return [fact for _, fact in self.facts if isinstance(fact, Told)]

    def message(self, number: int) -> TelegramMessage:
        return [
            fact.message for fact in self.about_messages() if isinstance(fact, Told) and fact.source_ref == ref(number)
        ][-1]

    def decide(self, page: Page, reading: Reading) -> PageDecision:
        page = without_erased(page, self.messages())
        return decide_page(page, self.progress(reading), reading, self.known(page, reading))

    def take(self, page: Page, reading: Reading) -> PageDecision:
        decision = self.decide(page, reading)
        self.tell(reading, [*decision.facts, *([decision.committed] if decision.committed else [])])
        return decision

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
    log.read([seen(1)], reading("earlier/0"))
    decision = log.decide(Page((CHANNEL, seen(1)), 1), NOBODY)
    known = KnownMessage(source_ref="tg:1:post:1", content_hash=seen(1).content_hash, seq=2)
    assert decision.facts == ()
    assert decision.committed == IngestPageCommitted(page=0, cursor=1, cumulative=1, known=(known,))


def test_a_changed_message_is_edited_and_revisions_count_up() -> None:
    log = Log()
    for number, text in enumerate(["a", "b", "c"]):
        log.read([seen(1, text, edited=number)], reading(f"w{number}/0"))
    edits = [fact for fact in log.about_messages() if isinstance(fact, MessageEdited)]
    assert [(edit.revision, edit.previous_hash) for edit in edits] == [
        (1, seen(1, "a").content_hash),
        (2, seen(1, "b").content_hash),
    ]


def test_an_edit_without_a_change_of_content_is_no_edit() -> None:
    log = Log()
    log.read([seen(1, "a")], reading("earlier/0"))
    log.read([seen(1, "a", edited=5)], NOBODY)
    assert len(log.about_messages()) == 1


def test_an_older_import_never_undoes_a_newer_edit() -> None:
    log = Log()
    log.read([seen(1, "new", edited=9), seen(2, "new", edited=9)], reading("earlier/0"))
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
        log.read(before, reading("earlier/0"))
    smooth.read(items, NOBODY, size=4)
    for at, crash in enumerate(crashes):
        rough.read(items, NOBODY, size=sizes[at % len(sizes)], crash_after=crash)
    rough.read(items, NOBODY, size=sizes[-1])
    assert rough.about_messages() == smooth.about_messages()
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
    told = log.about_messages()
    again = reading("w2/0" if generation == 0 else "w1/1")
    log.read(items, again)
    assert log.about_messages() == told
    assert log.progress(again).known == len(items)


def kinds_of(decision: PageDecision) -> list[type[Fact]]:
    return [type(fact) for fact in decision.facts]


def test_another_kind_of_source_that_shows_the_same_tells_nothing() -> None:
    log = Log()
    log.read([seen(1)], reading("w1/0", "td_html"))
    assert log.take(Page((seen(1),), 1), reading("w2/0", "td_json")).facts == ()


def test_what_another_source_knows_better_enriches_a_message_without_an_edit() -> None:
    log = Log()
    log.read([seen(1, author=None)], reading("w1/0", "td_html"))
    decision = log.take(Page((seen(1, author="Ред."),), 1), reading("w2/0", "td_json"))
    assert kinds_of(decision) == [MessageEnriched]
    assert log.message(1).author == "Ред."
    assert decision.committed is not None
    assert [known.seq for known in decision.committed.known] == [2], "its workflow settles the fact it knew"


def test_a_source_that_knows_less_takes_nothing_away() -> None:
    log = Log()
    log.read([seen(1, author="Ред.", reactions={"👍": 3})], reading("w1/0", "td_json"))
    assert log.take(Page((seen(1),), 1), reading("w2/0", "td_html")).facts == ()
    assert log.message(1).author == "Ред."


def test_another_text_from_a_source_that_shows_the_present_is_an_edit_although_it_has_no_date_of_one() -> None:
    log = Log()
    log.read([seen(1, "old")], reading("w1/0", "td_json"))
    decision = log.take(Page((seen(1, "new"),), 1), reading("w2/0", "web_preview", after=1))
    assert kinds_of(decision) == [MessageEdited]
    assert log.message(1).text == "new"


def test_an_old_export_does_not_undo_what_the_present_showed() -> None:
    log = Log()
    log.read([seen(1, "new")], reading("w1/0", "web_preview"))
    log.take(Page((seen(1, "old"),), 1), reading("w2/0", "td_json", after=1))
    assert log.message(1).text == "new"


def test_an_edit_without_a_date_is_seen_by_an_export_that_is_certainly_newer() -> None:
    log = Log()
    log.take(Page((CHANNEL, seen(1, "old")), 1, as_of=DAY + timedelta(days=1)), reading("w1/0"))
    log.take(Page((seen(1, "new"),), 1, as_of=DAY + timedelta(days=2)), reading("w2/0"))
    log.take(Page((seen(1, "old"),), 1, as_of=DAY + timedelta(days=1)), reading("w3/0"))
    assert [type(fact) for fact in log.about_messages()] == [MessageIngested, MessageEdited]
    assert log.message(1).text == "new"


def complete(*items: SourceItem, first: int = 1, last: int = 100, after: int = 0) -> Page:
    stretch = Covered(channel_id="1", first=first, last=last, exhaustive=True)
    return Page((CHANNEL, *items), len(items), covered=(stretch,))


def test_what_a_complete_stretch_does_not_show_any_more_is_gone() -> None:
    log = Log()
    log.read([seen(1), seen(2), seen(3)], reading("w1/0"))
    decision = log.take(complete(seen(1), seen(3)), reading("w2/0"))
    (gone,) = [fact for fact in decision.facts if isinstance(fact, MessageDeleted)]
    assert (gone.source_ref, gone.confidence) == (ref(2), "absent")
    assert log.take(complete(seen(1), seen(3)), reading("w3/0")).facts == (), "it is told once"


def test_what_lies_outside_of_the_stretch_is_not_gone() -> None:
    log = Log()
    log.read([seen(1), seen(2), seen(3)], reading("w1/0"))
    assert log.take(complete(seen(2), first=2, last=2), reading("w2/0")).facts == ()


def test_so_many_gone_at_once_are_held_back() -> None:
    log = Log()
    log.read([seen(number) for number in range(1, 61)], reading("w1/0"))
    decision = log.take(complete(seen(1)), reading("w2/0"))
    assert decision.facts == (DeletionsHeld(channel_id="1", first=1, last=100, missing=59),)
    few = log.take(complete(*(seen(number) for number in range(1, 51))), reading("w3/0"))
    assert kinds_of(few) == [MessageDeleted] * 10


def test_a_deletion_the_source_tells_of_is_certain_and_a_message_that_is_back_is_restored() -> None:
    log = Log()
    log.read([seen(1)], reading("w1/0"))
    decision = log.take(Page((MessageGone(ref(1)), MessageGone(ref(2))), 1), reading("w2/0"))
    assert decision.facts == (MessageDeleted(channel_id="1", source_ref=ref(1)),)
    back = log.take(Page((seen(1),), 1), reading("w3/0"))
    assert back.facts == (MessageRestored(channel_id="1", source_ref=ref(1)),)


def test_an_erased_message_does_not_come_back_and_is_not_expected() -> None:
    log = Log()
    log.read([seen(1), seen(2)], reading("w1/0"))
    log.tell(NOBODY, [MessageErased(channel_id="1", source_ref=ref(1))])
    packed = pack([Original(ref(1), "secret"), Original(ref(2), "x"), Original(None, "odd")])
    page = Page((CHANNEL, seen(1, "edited"), seen(2)), 2, originals=packed)
    decision = log.take(page, reading("w2/0"))
    assert decision.facts == ()
    assert decision.progress.messages == 1
    kept = without_erased(page, log.messages()).originals
    assert kept is not None
    assert [entry.ref for entry in unpack(kept)] == [ref(2), None]


def test_counters_are_sampled_and_never_an_edit() -> None:
    log = Log()
    counted = replace(seen(1), metrics=MessageMetrics(views=10))
    young = Reading("w1/0", "web_preview", "test/1", DAY + timedelta(minutes=1))
    assert kinds_of(log.take(Page((counted,), 1), young)) == [MessageIngested, MessageMetricsObserved]
    soon = replace(young, name="w2/0", began=DAY + timedelta(minutes=2))
    assert log.take(Page((counted,), 1), soon).facts == ()
    old = replace(young, name="w3/0", began=DAY + timedelta(days=1))
    (sample,) = log.take(Page((counted,), 1), old).facts
    assert isinstance(sample, MessageMetricsObserved)
    assert (sample.sample, sample.metrics.views) == (5, 10)
