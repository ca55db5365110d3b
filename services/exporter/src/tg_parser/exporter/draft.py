"""The files of an export while they are written: rows in, bytes out. Everything here blocks and runs in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tg_parser.contracts.knowledge import Artifact, Manifest
from tg_parser.exporter.domain.entries import message_entry, topic_entry
from tg_parser.exporter.domain.manifest import manifest
from tg_parser.exporter.domain.rows import Channels, CommentRow, Extent, MessageRow, TopicRow
from tg_parser.exporter.domain.stable_json import Json, dumps
from tg_parser.exporter.domain.threads import Thread, Threads, thread_entry
from tg_parser.exporter.domain.topic_files import TopicDossier, topic_dossier, topic_export, topic_file_name
from tg_parser.exporter.ports import Folder, StagedFile

ENTRIES = "kb_entries.ndjson"
TOPICS = "topics.json"


@dataclass(frozen=True, slots=True)
class Written:
    """An export that is complete. `artifacts` are the manifest, the entries, the list of topics, and then each topic."""

    manifest: Manifest
    artifacts: tuple[Artifact, ...]


class Draft:
    """An export under way. First posts, then comments, then topics, each in the order of their ids: entries are sorted too."""

    def __init__(self, folder: Folder, channels: Channels, *, pretty: bool) -> None:
        self._folder = folder
        self._channels = channels
        self._pretty = pretty
        self._entries = folder.stage(ENTRIES)
        self._cards = _Array(folder.stage(TOPICS), pretty=pretty)
        self._topic_files: list[Artifact] = []
        self._messages = 0
        self._threads = Threads()
        self._thread_entries = 0

    def add_messages(self, page: Sequence[MessageRow]) -> None:
        """Write the entries of messages."""
        self._add_entries(dumps(message_entry(row, self._channels)) for row in page)
        self._messages += len(page)

    def add_comments(self, page: Sequence[CommentRow]) -> None:
        """Write the entries of the threads that a page of comments completes."""
        for row in page:
            self._add_threads(self._threads.add(row))

    def end_comments(self) -> None:
        """Write what is left of the last thread."""
        self._add_threads(self._threads.finish())

    def add_topics(self, page: Sequence[TopicRow]) -> None:
        """Write the entries, cards and files of topics."""
        dossiers = [topic_dossier(row, self._channels) for row in page]
        self._add_entries(dumps(topic_entry(each.row, each.card, each.bundle, each.resolved)) for each in dossiers)
        self._cards.add([each.card for each in dossiers])
        self._topic_files += [self._topic_file(each) for each in dossiers]

    def finish(self, extent: Extent) -> Written:
        """Make everything durable and visible."""
        main = [self._entries.close(), self._cards.close()]
        files, topics = [*main, *self._topic_files], len(self._topic_files)
        told = manifest(extent, files, messages=self._messages, topics=topics, threads=self._thread_entries)
        body = dumps(told.model_dump(mode="json"), pretty=self._pretty) + b"\n"
        return Written(told, (self._folder.publish(body), *main, *self._topic_files))

    def _add_entries(self, entries: Iterable[bytes]) -> None:
        for entry in entries:
            self._entries.write(entry + b"\n")

    def _add_threads(self, threads: Iterable[Thread]) -> None:
        found = [dumps(thread_entry(thread, self._channels)) for thread in threads]
        self._add_entries(found)
        self._thread_entries += len(found)

    def _topic_file(self, dossier: TopicDossier) -> Artifact:
        body = dumps(topic_export(dossier), pretty=self._pretty) + b"\n"
        return self._folder.put(topic_file_name(dossier.row.topic_id), body, rows=len(dossier.resolved))


class _Array:
    """A JSON array written piece by piece, an element a line."""

    def __init__(self, file: StagedFile, *, pretty: bool) -> None:
        self._file = file
        self._pretty = pretty
        self._before = b"[\n"

    def add(self, elements: Sequence[Json]) -> None:
        for element in elements:
            self._file.write(self._before + self._rendered(element))
            self._before = b",\n"

    def close(self) -> Artifact:
        self._file.write(b"[]\n" if self._before == b"[\n" else b"\n]\n", rows=0)
        return self._file.close()

    def _rendered(self, element: Json) -> bytes:
        body = dumps(element, pretty=self._pretty)
        return b"  " + body.replace(b"\n", b"\n  ") if self._pretty else body
