"""The grouping as its process sees it: JSON in, assignments and facts out, over one `Cluster`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tg_parser.contracts.codec import decode_body
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.topics import Assignment, TopicImported
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.stored_document import StoredDocument

Rows = Sequence[tuple[int, int, str, str]]
"""Sequence, revision, document and assignment as JSON."""


class LocalGrouping:
    """One state, all in memory."""

    def __init__(self) -> None:
        self._cluster = Cluster()

    def reset(self) -> None:
        """Forget everything."""
        self._cluster = Cluster()

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

    def regroup(self, imported: Sequence[str] = ()) -> list[Fact]:
        """Open what is imported, then bring the topics up to date."""
        topics = [fact for fact in map(_untagged, imported) if isinstance(fact, TopicImported)]
        return self._cluster.regroup(topics)


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
        title=found.title,
        summary=found.summary,
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
