"""The grouping as its process sees it: JSON in, assignments and facts out, over one `Cluster`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from tg_parser.contracts.codec import decode_body, encode
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.topics import Assignment, TopicImported, TopicizationCompleted
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.stored_document import StoredDocument

Rows = Sequence[tuple[int, int, str, str]]
"""Sequence, revision, document and assignment as JSON."""

Told = tuple[str, bytes]
"""A fact's wire type and body."""

CHUNK: Final = 1 << 20
"""Bytes of facts handed over at once."""


class LocalGrouping:
    """One state, all in memory."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._cluster = Cluster()
        self._regrouping: Iterator[Fact] = iter(())
        self._ahead: Fact | None = None

    def record(self, rows: Rows) -> None:
        """Take over what was decided earlier."""
        for seq, revision, document, assignment in rows:
            self._cluster.record(_document(seq, revision, document), Assignment.model_validate_json(assignment))

    def take_topics(self, bodies: Sequence[str]) -> int:
        """Take over the topics as last told; the sequence of the last document assigned."""
        for body in bodies:
            fact = _untagged(body)
            if isinstance(fact, Fact):
                self._cluster.recorded(fact)
        return self._cluster.position

    def assign(self, documents: Sequence[tuple[int, int, str]]) -> list[Assignment]:
        """Decide and record."""
        return self._cluster.assign([_document(*row) for row in documents])

    def begin_regroup(self, imported: Sequence[str] = ()) -> None:
        """Open what is imported and bring the topics up to date; `next_told` says how they stand."""
        topics = [fact for fact in map(_untagged, imported) if isinstance(fact, TopicImported)]
        self._regrouping = self._cluster.regrouping(topics)

    def next_told(self) -> list[Told]:
        """What comes next of the regroup, some CHUNK bytes of it, its last fact alone; nothing after the end."""
        chunk: list[Told] = []
        size = 0
        while size < CHUNK and (fact := self._ahead or next(self._regrouping, None)):
            self._ahead = None
            if chunk and isinstance(fact, TopicizationCompleted):
                self._ahead = fact
                break
            body = encode(fact)
            chunk.append((fact.wire_type(), body))
            size += len(body)
        return chunk

    def leave(self, refs: Sequence[str]) -> None:
        """Take documents out."""
        self._cluster.leave(refs)

    def forget(self, refs: Sequence[str], topics: Sequence[str], neighbours: Sequence[str]) -> None:
        """Take documents out for good; topics that may quote them are to be told anew."""
        self._cluster.forget(refs, topics, neighbours)


def _untagged(body: str) -> Message:
    tagged = json.loads(body)
    return decode_body(str(tagged["type"]), json.dumps(tagged["data"], ensure_ascii=False).encode())


def _document(seq: int, revision: int, body: str) -> Document:
    found = StoredDocument.model_validate_json(body)
    return Document(
        source_ref=found.source_ref,
        revision=revision,
        seq=seq,
        channel_id=found.channel_id,
        message_id=found.source_message_id,
        published_at=found.published_at,
        text=found.text_clean,
        title=found.title or "",
        summary=found.summary or "",
        phrases=found.topics,
        hashtags=found.hashtags,
        urls=found.urls,
        reply_to=found.reply_to,
        forwarded_from=found.forwarded_from,
        language=found.language,
        is_ad=found.is_ad,
    )


GROUPING = LocalGrouping()
"""The one state of a worker process."""
