"""Small worlds of documents for the grouping's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tg_parser.contracts.topics import Assignment
from tg_parser.topicizer.domain.decision import decide
from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.features import features
from tg_parser.topicizer.domain.stories import StoryIndex

MakeDocument = Callable[..., Document]
Assign = Callable[[StoryIndex, Sequence[Document]], list[Assignment]]
Snapshot = Callable[[StoryIndex], Any]

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def make() -> MakeDocument:
    """A document; what is not said is plain. `hours` counts from the first document of the world."""
    numbers: Iterator[int] = count(1)

    def document(
        text: str, *, hours: float | None = None, channel: str = "100", number: int | None = None, **more: Any
    ) -> Document:
        message = next(numbers) if number is None else number
        values: dict[str, Any] = {
            "source_ref": f"tg:{channel}:post:{message}",
            "revision": 0,
            "seq": message,
            "channel_id": channel,
            "message_id": str(message),
            "published_at": START + timedelta(hours=message if hours is None else hours),
            "text": text,
            "title": "",
            "summary": text[:200],
            "phrases": (),
            "hashtags": (),
            "urls": (),
            "reply_to": None,
            "forwarded_from": None,
            "language": "en",
            "is_ad": False,
        }
        return Document(**(values | more))

    return document


@pytest.fixture
def assign() -> Assign:
    """Decide and record documents one after another."""

    def all_of(stories: StoryIndex, documents: Sequence[Document]) -> list[Assignment]:
        assignments: list[Assignment] = []
        for document in documents:
            stories.remove(document.source_ref)
            found = features(document)
            assignments.append(decide(stories, document, found))
            stories.record(document, assignments[-1], found)
        return assignments

    return all_of


@pytest.fixture
def snapshot() -> Snapshot:
    """Everything an index holds, without the numbers and orders that are its own business."""

    def of(stories: StoryIndex) -> Any:
        names = stories.vocabulary.names
        terms = sorted(names[number] for number in range(len(names)) if stories.vocabulary.frequency(number))
        numbers = stories.vocabulary.known(terms)
        return {
            "documents": stories.vocabulary.documents,
            "frequency": {names[number]: stories.vocabulary.frequency(number) for number in numbers},
            "telling": {names[number]: stories.vocabulary.telling_one(number) for number in numbers},
            "postings": {names[number]: sorted(story.id for story in stories.posting(number)) for number in numbers},
            "stories": {
                name: (
                    sorted(story.members),
                    story.first,
                    story.last,
                    dict(
                        sorted(zip((names[term] for term in story.terms.tolist()), story.total.tolist(), strict=True))
                    ),
                )
                for name, story in sorted(stories.stories.items())
            },
            "members": {
                ref: (member.story.id, member.document, member.stamp, member.identities)
                for ref, member in sorted(stories.members.items())
            },
        }

    return of
