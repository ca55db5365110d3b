"""What is new, what was edited, what is gone and what is known already. Pure decisions about one page of a source.

The facts told do not depend on how a source is cut into pages, nor on where an earlier attempt was interrupted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tg_parser.contracts.messages import (
    ChannelObserved,
    Covered,
    IngestCompleted,
    IngestPageCommitted,
    MessageMetricsObserved,
    RejectedInput,
)
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.domain import (
    ChannelSeen,
    Heirloom,
    KnownState,
    MessageSeen,
    Page,
    Progress,
    Reading,
    SourceEnd,
    SourceItem,
)
from tg_parser.ingestor.inheriting import brings_news, documents, inherited
from tg_parser.ingestor.judging import Judged, Recorded, Verdict, judge, plainly_known
from tg_parser.ingestor.originals import without
from tg_parser.ingestor.presence import gone, returned, seen
from tg_parser.ingestor.sampling import sample


@dataclass(frozen=True, slots=True)
class Known:
    """What the log holds of a page's messages and channels, as far as the page needs it.

    `recorded`: for the messages that `unclear` names, the fact their state comes from. `present`: for each stretch the page
    shows completely, the messages known in it and not gone. `heirlooms`: by name, what was told of what the page inherits.
    """

    messages: Mapping[str, KnownState] = field(default_factory=dict[str, KnownState])
    recorded: Mapping[str, Recorded] = field(default_factory=dict[str, Recorded])
    channels: Mapping[str, ChannelSeen] = field(default_factory=dict[str, ChannelSeen])
    present: Mapping[Covered, Collection[str]] = field(default_factory=dict[Covered, Collection[str]])
    heirlooms: Mapping[str, Heirloom] = field(default_factory=dict[str, Heirloom])


@dataclass(frozen=True, slots=True)
class PageDecision:
    """The facts of a page, the fact that commits it (None if it held no messages), and the progress after it.

    `first`: facts that whoever hears of the others must have heard.
    """

    first: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    committed: IngestPageCommitted | None
    progress: Progress


def unclear(page: Page, messages: Mapping[str, KnownState], reading: Reading) -> Mapping[str, int]:
    """Messages of which only the whole newest fact says whether the page adds anything: their names, and that fact's sequence."""
    states = {item.message.source_ref: messages.get(item.message.source_ref) for item in seen(page)}
    hashes = {item.message.source_ref: item.content_hash for item in seen(page)}
    return {ref: state.seq for ref, state in states.items() if state and not plainly_known(state, hashes[ref], reading)}


def without_erased(page: Page, messages: Mapping[str, KnownState]) -> Page:
    """The page as if what was erased for good had never been in it."""
    erased = {ref for ref, state in messages.items() if state.erased}
    if not erased:
        return page
    items = tuple(
        item for item in page.items if not isinstance(item, MessageSeen) or item.message.source_ref not in erased
    )
    kept = without(page.originals, erased.__contains__) if page.originals else None
    return replace(page, items=items, originals=kept or page.originals)


def decide_page(page: Page, progress: Progress, reading: Reading, known: Known, *, originals: str = "") -> PageDecision:
    """What follows from a page, given what the log holds. `originals` names the object that keeps the page as it was."""
    judged = [_judged(item, known, reading, page.as_of) for item in seen(page)]
    rejected = tuple(item for item in page.items if isinstance(item, RejectedInput))
    first = (*inherited(page, known.heirlooms), *documents(page, known.heirlooms))
    facts: list[Fact] = [*_channels(page.items, known.channels, reading)]
    facts += [entry.fact for entry in judged if entry.fact]
    facts += [
        *returned(page, known.messages),
        *gone(page, known.messages, known.present),
        *_metrics(page, known, reading),
    ]
    if page.cursor == progress.cursor and page.resume == progress.resume and not page.covered:
        return PageDecision(first, tuple(facts), None, progress)
    after = _advanced(progress, page, [entry.verdict for entry in judged], len(rejected))
    committed = IngestPageCommitted(
        page=progress.pages,
        cursor=page.cursor,
        resume=page.resume,
        ingested=after.ingested - progress.ingested,
        edited=after.edited - progress.edited,
        cumulative=after.messages,
        known=tuple(entry.known for entry in judged if entry.known),
        rejected=rejected,
        covered=page.covered,
        originals=originals,
    )
    return PageDecision(first, tuple(facts), committed, after)


def completed(progress: Progress, end: SourceEnd) -> IngestCompleted:
    """The fact that a source was read to its end."""
    return IngestCompleted(
        expected=progress.messages,
        pages=progress.pages,
        ingested=progress.ingested,
        edited=progress.edited,
        known=progress.known,
        rejected=progress.rejected,
        truncated=end.truncated,
        channel_ids=end.channel_ids,
    )


def _judged(item: MessageSeen, known: Known, reading: Reading, as_of: datetime | None) -> Judged:
    ref = item.message.source_ref
    if brings_news(item, known.heirlooms, reading):
        reading = replace(reading, lists_known=True)
    return judge(item, known.messages.get(ref), known.recorded.get(ref), reading, item.as_of or as_of)


def _metrics(page: Page, known: Known, reading: Reading) -> list[Fact]:
    facts: list[Fact] = []
    for item in seen(page):
        state = known.messages.get(item.message.source_ref)
        moment = sample(item.message.date, item.as_of or reading.began)
        if item.metrics and (state is None or moment > state.sampled):
            facts.append(
                MessageMetricsObserved(
                    channel_id=item.message.channel_id,
                    source_ref=item.message.source_ref,
                    metrics=item.metrics,
                    source_kind=reading.source_kind,
                    sample=moment,
                )
            )
    return facts


def _channels(
    items: Sequence[SourceItem], known: Mapping[str, ChannelSeen], reading: Reading
) -> Sequence[ChannelObserved]:
    """How channels present themselves, if that is news. What a source does not know of one stays as it was."""
    seen = {item.channel_id: item for item in items if isinstance(item, ChannelSeen)}
    complete = {channel_id: _completed(item, known.get(channel_id), reading) for channel_id, item in seen.items()}
    return [
        ChannelObserved(
            channel_id=channel.channel_id,
            title=channel.title,
            channel_type=channel.channel_type,
            username=channel.username,
            predecessor_id=channel.predecessor_id,
            discussion_id=channel.discussion_id,
            protected=channel.protected,
            source_kind=reading.source_kind,
        )
        for channel_id, channel in complete.items()
        if known.get(channel_id) != channel
    ]


def _completed(seen: ChannelSeen, known: ChannelSeen | None, reading: Reading) -> ChannelSeen:
    if known is None:
        return replace(seen, title=seen.title or seen.username or seen.channel_id)
    if reading.source_kind == "v3_database":  # what it knew it knew long ago: it adds, and replaces nothing
        seen, known = known, seen
    return replace(
        seen,
        title=seen.title or known.title,
        channel_type=seen.channel_type or known.channel_type,
        username=known.username if seen.username is None else seen.username,
        predecessor_id=known.predecessor_id if seen.predecessor_id is None else seen.predecessor_id,
        discussion_id=known.discussion_id if seen.discussion_id is None else seen.discussion_id,
        protected=known.protected if seen.protected is None else seen.protected,
    )


def _advanced(progress: Progress, page: Page, verdicts: Sequence[Verdict], rejected: int) -> Progress:
    return replace(
        progress,
        cursor=page.cursor,
        resume=page.resume,
        pages=progress.pages + 1,
        ingested=progress.ingested + verdicts.count("ingested"),
        edited=progress.edited + verdicts.count("edited"),
        known=progress.known + verdicts.count("known"),
        rejected=progress.rejected + rejected,
    )
