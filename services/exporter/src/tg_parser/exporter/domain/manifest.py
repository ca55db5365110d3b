"""The manifest: what was written, from where in the log, and what is missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tg_parser.contracts.knowledge import Artifact, ChannelCoverage, Manifest
from tg_parser.exporter.domain.rows import ChannelName, Extent, OutcomeCount
from tg_parser.exporter.domain.topic_files import EXPORT_VERSION

SCHEMA_VERSIONS = {"kb_entries": 2, "topics": 2, "topic": 2, "manifest": 1}
"""Version of each artefact's shape. TG_parser v3's were 1; it had no manifest."""


def manifest(extent: Extent, files: Iterable[Artifact], *, messages: int, topics: int, threads: int = 0) -> Manifest:
    """The manifest of an export.

    Args:
        extent: what it covers.
        files: what was written, besides the manifest itself.
        messages: entries made of posts.
        topics: entries made of topics.
        threads: entries made of comments.
    """
    entries = {"message_entries": messages, "thread_entries": threads, "topic_entries": topics}
    channels = coverage(extent.channels, extent.outcomes)
    return Manifest(
        export_version=EXPORT_VERSION,
        log_position=extent.position,
        as_of=max((count.last_at for count in extent.outcomes), default=None),
        counts=_counts(extent, channels, entries),
        files=tuple(sorted(files, key=lambda file: file.name)),
        schema_versions=SCHEMA_VERSIONS,
        channels=channels,
        rejected=extent.rejected,
    )


def coverage(channels: Mapping[str, ChannelName], outcomes: Sequence[OutcomeCount]) -> tuple[ChannelCoverage, ...]:
    """What is known of every channel, sorted by id; one that was seen without messages is listed too."""
    by_channel: dict[str, list[OutcomeCount]] = {channel_id: [] for channel_id in channels}
    for count in outcomes:
        by_channel.setdefault(count.channel_id, []).append(count)
    return tuple(_channel_coverage(channel_id, channels, by_channel[channel_id]) for channel_id in sorted(by_channel))


def _channel_coverage(
    channel_id: str, channels: Mapping[str, ChannelName], outcomes: Sequence[OutcomeCount]
) -> ChannelCoverage:
    return ChannelCoverage(
        channel_id=channel_id,
        title=channels.get(channel_id, ChannelName(channel_id)).title,
        messages=sum(count.messages for count in outcomes),
        processed=_of_kind(outcomes, "processed"),
        skipped={count.reason: count.messages for count in outcomes if count.kind == "skipped"},
        failed=_of_kind(outcomes, "failed"),
        first_message_at=min((count.first_at for count in outcomes), default=None),
        last_message_at=max((count.last_at for count in outcomes), default=None),
    )


def _of_kind(outcomes: Sequence[OutcomeCount], kind: str) -> int:
    return sum(count.messages for count in outcomes if count.kind == kind)


def _counts(extent: Extent, channels: Sequence[ChannelCoverage], entries: Mapping[str, int]) -> dict[str, int]:
    return {
        "entries": sum(entries.values()),
        **entries,
        "topics": entries["topic_entries"],
        "channels": len(channels),
        "posts": extent.posts,
        "messages": sum(channel.messages for channel in channels),
        "processed": sum(channel.processed for channel in channels),
        "skipped": _of_kind(extent.outcomes, "skipped"),
        "failed": sum(channel.failed for channel in channels),
        "deleted": extent.deleted,
        "rejected": len(extent.rejected),
    }
