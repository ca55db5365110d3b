"""Threads: a post with the comments under it. Most comments are too short to say anything without what they stand under.

A long thread is several entries, filled in the order of the comments: a new comment changes the last of them alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tg_parser.contracts.ids import parse_source_ref, thread_entry_id
from tg_parser.exporter.domain.entries import source_of
from tg_parser.exporter.domain.permalinks import comment_permalink, permalink
from tg_parser.exporter.domain.rows import ChannelName, Channels, CommentRow
from tg_parser.exporter.domain.stable_json import Json, loads, without_blanks
from tg_parser.exporter.domain.titles import entry_title, shortened

LONGEST = 4_000
"""Characters of comments in one entry, unless a single one is longer: about what models for embeddings read at once."""
LONGEST_POST = 1_000
"""Characters of the post repeated above its comments; the whole post has an entry of its own."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment's row, opened."""

    row: CommentRow
    message: Json
    document: Json


@dataclass(frozen=True, slots=True)
class Thread:
    """Comments under one post that go into one entry. `number` counts a post's entries from 1."""

    root_ref: str
    number: int
    root: CommentRow
    comments: tuple[Comment, ...]


class Threads:
    """Comments in the order of their posts and their numbers, gathered into threads."""

    def __init__(self) -> None:
        self._root: CommentRow | None = None
        self._number = 1
        self._comments: list[Comment] = []
        self._length = 0

    def add(self, row: CommentRow) -> Iterable[Thread]:
        """Add the next comment. Returns the thread that it closes, if any."""
        comment = Comment(row, loads(row.observed)["message"], loads(row.processed)["document"])
        length = len(comment.document["text_clean"])
        closed: list[Thread] = []
        if self._root is None or self._root.root_ref != row.root_ref:
            closed += self.finish()
            self._root = row
        elif self._length + length > LONGEST:
            number = self._number + 1
            root = self._root
            closed += self.finish()
            self._root, self._number = root, number
        self._comments.append(comment)
        self._length += length
        return closed

    def finish(self) -> Iterable[Thread]:
        """The thread under way, if any."""
        if self._root is None:
            return ()
        thread = Thread(self._root.root_ref, self._number, self._root, tuple(self._comments))
        self._root, self._number, self._comments, self._length = None, 1, [], 0
        return (thread,)


def thread_entry(thread: Thread, channels: Channels) -> Json:
    """The entry of a thread: how the post begins, and each comment after it. Who wrote a comment is not told."""
    named = parse_source_ref(thread.root_ref)
    channel = channels.get(named.channel_id, ChannelName(named.channel_id))
    post = loads(thread.root.root_observed)["message"] if thread.root.root_observed else None
    document = loads(thread.root.root_processed)["document"] if thread.root.root_processed and post else None
    first = post or thread.comments[0].message
    documents = [comment.document for comment in thread.comments]
    return {
        "id": thread_entry_id(thread.root_ref, thread.number),
        "source": source_of(named),
        "created_at": first["date"],
        "title": _title(document or documents[0], first, channel),
        "content": "\n\n".join([*_beginning(document), *(f"— {each['text_clean']}" for each in documents)]),
        "topics": _each_once(topic for each in documents for topic in each.get("topics", [])),
        "tags": _each_once(tag for each in documents for tag in each.get("hashtags", [])),
        "metadata": without_blanks(
            {
                "unit": "thread",
                "telegram_url": permalink(named, channel.username),
                "channel_title": channel.title,
                "channel_username": channel.username,
                "published_at": post["date"] if post else None,
                "last_comment_at": max(
                    (comment.message["date"] for comment in thread.comments), key=datetime.fromisoformat
                ),
                "language": Counter(each.get("language") for each in documents).most_common(1)[0][0],
                "part": thread.number,
                "comments": [_comment(comment, channel.username) for comment in thread.comments],
                "topic_ids": sorted({topic for comment in thread.comments for topic in comment.row.topic_ids}),
            }
        ),
    }


def _title(document: Json, message: Json, channel: ChannelName) -> str:
    return shortened(f"Comments: {entry_title(document, message, channel)}")


def _beginning(document: Json | None) -> list[str]:
    if document is None:
        return []
    text: str = document["text_clean"]
    if len(text) <= LONGEST_POST:
        return [text] if text else []
    return [f"{text[:LONGEST_POST].rpartition(' ')[0] or text[:LONGEST_POST]}…"]


def _comment(comment: Comment, username: str | None) -> Json:
    ref = parse_source_ref(comment.row.source_ref)
    return without_blanks(
        {
            "source_ref": comment.row.source_ref,
            "telegram_url": comment_permalink(ref, parse_source_ref(comment.row.root_ref), username),
            "published_at": comment.message["date"],
            "edited_at": comment.message.get("edited_at"),
            "document_id": comment.document["id"],
        }
    )


def _each_once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
