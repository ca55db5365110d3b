from __future__ import annotations

from datetime import UTC, datetime

from tg_parser.contracts.knowledge import Artifact, RejectedEntry
from tg_parser.exporter.domain.manifest import manifest
from tg_parser.exporter.domain.rows import ChannelName, Extent, OutcomeCount

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
EXTENT = Extent(
    position=42,
    channels={"77": ChannelName("The Daily"), "99": ChannelName("Silent")},
    outcomes=(
        OutcomeCount("77", "processed", "", 5, EARLY, EARLY),
        OutcomeCount("77", "skipped", "empty", 2, EARLY, LATE),
        OutcomeCount("77", "failed", "", 1, EARLY, EARLY),
        OutcomeCount("77", None, "", 3, EARLY, EARLY),
        OutcomeCount("88", "skipped", "service", 4, EARLY, EARLY),
    ),
    deleted=6,
    rejected=(RejectedEntry(workflow_id="w1", position=3, reason="It has no id."),),
    posts=12,
)


def file(name: str) -> Artifact:
    return Artifact(name=name, sha256="0", bytes=1, rows=1)


def test_a_manifest_says_what_is_missing() -> None:
    told = manifest(EXTENT, [file("topics.json"), file("kb_entries.ndjson")], messages=5, topics=1, threads=2)
    assert (told.log_position, told.as_of) == (42, LATE)
    assert [listed.name for listed in told.files] == ["kb_entries.ndjson", "topics.json"]
    assert told.rejected == EXTENT.rejected
    assert told.counts == {
        "entries": 8,
        "message_entries": 5,
        "thread_entries": 2,
        "topic_entries": 1,
        "topics": 1,
        "channels": 3,
        "messages": 15,
        "posts": 12,
        "processed": 5,
        "skipped": 6,
        "failed": 1,
        "deleted": 6,
        "rejected": 1,
    }


def test_coverage_tells_channels_apart_and_skipping_by_reason() -> None:
    daily, unnamed, silent = manifest(EXTENT, [], messages=5, topics=0).channels
    assert (daily.channel_id, daily.messages, daily.processed, daily.failed) == ("77", 11, 5, 1)
    assert (daily.skipped, daily.first_message_at, daily.last_message_at) == ({"empty": 2}, EARLY, LATE)
    assert (unnamed.title, unnamed.skipped) == ("88", {"service": 4})
    assert (silent.title, silent.messages, silent.first_message_at) == ("Silent", 0, None)


def test_an_empty_knowledge_base_has_no_date() -> None:
    assert manifest(Extent(0, {}, (), 0, ()), [], messages=0, topics=0).as_of is None
