from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed
from tg_parser.contracts.knowledge import KnowledgeBaseEntry
from tg_parser.contracts.messages import MessageIngested
from tg_parser.exporter.domain.rows import ChannelName, CommentRow
from tg_parser.exporter.domain.threads import LONGEST, LONGEST_POST, Threads, thread_entry

Ingested = Callable[..., MessageIngested]
Processed = Callable[..., MessageProcessed]
SCHEMA = Draft202012Validator(KnowledgeBaseEntry.model_json_schema(), format_checker=FormatChecker())
CHANNELS = {"77": ChannelName("The Daily", "daily")}
ROOT = "tg:77:post:7"


def comment(
    ingested: Ingested, processed: Processed, number: int, text: str = "", root: str = ROOT, **document: Any
) -> CommentRow:
    said = ingested(number, channel_id="99", message_type="comment", root_ref=root, thread_id=3)
    made = processed(number, channel_id="99", text_clean=text or f"Comment {number}.", **document)
    return CommentRow(root, said.source_ref, encode(said).decode(), encode(made).decode(), topic_ids=(f"t{number}",))


def with_post(row: CommentRow, ingested: Ingested, processed: Processed, **document: Any) -> CommentRow:
    post, made = encode(ingested(7)).decode(), encode(processed(7, **document)).decode()
    return CommentRow(row.root_ref, row.source_ref, row.observed, row.processed, post, made, row.topic_ids)


def entries(*rows: CommentRow) -> list[dict[str, Any]]:
    threads = Threads()
    found = [thread for row in rows for thread in threads.add(row)]
    return [thread_entry(thread, CHANNELS) for thread in [*found, *threads.finish()]]


def test_a_post_and_the_comments_under_it_are_one_entry(ingested: Ingested, processed: Processed) -> None:
    first = with_post(comment(ingested, processed, 90, topics=["a", "b"], language="en"), ingested, processed)
    (entry,) = entries(first, comment(ingested, processed, 91, topics=["b", "c"], language="en"))
    SCHEMA.validate(entry)
    assert (entry["id"], entry["source"]["source_ref"]) == (f"kb:thread:{ROOT}", ROOT)
    assert (entry["title"], entry["content"]) == ("Comments: Text 7.", "Text 7.\n\n— Comment 90.\n\n— Comment 91.")
    assert (entry["created_at"], entry["topics"]) == ("2026-01-01T07:00:00Z", ["a", "b", "c"])
    metadata = entry["metadata"]
    assert (metadata["unit"], metadata["telegram_url"]) == ("thread", "https://t.me/daily/7")
    assert metadata["last_comment_at"] == "2026-01-04T19:00:00Z"
    assert (metadata["language"], metadata["topic_ids"]) == ("en", ["t90", "t91"])
    assert [each["telegram_url"] for each in metadata["comments"]] == [
        "https://t.me/daily/7?comment=90",
        "https://t.me/daily/7?comment=91",
    ]


def test_comments_are_kept_if_their_post_is_not_known(ingested: Ingested, processed: Processed) -> None:
    (entry,) = entries(comment(ingested, processed, 90))
    assert (entry["title"], entry["content"]) == ("Comments: Comment 90.", "— Comment 90.")
    assert "published_at" not in entry["metadata"]


def test_who_commented_is_not_told(ingested: Ingested, processed: Processed) -> None:
    said = ingested(90, channel_id="99", message_type="comment", root_ref=ROOT, author="A Writer", sender_id="user5")
    row = CommentRow(ROOT, said.source_ref, encode(said).decode(), encode(processed(90, channel_id="99")).decode())
    assert not {"A Writer", "user5"} & set(str(entries(row)).split("'"))


def test_a_long_post_is_repeated_in_part(ingested: Ingested, processed: Processed) -> None:
    row = with_post(comment(ingested, processed, 90), ingested, processed, text_clean="word " * LONGEST_POST)
    beginning = entries(row)[0]["content"].partition("\n\n")[0]
    assert beginning.endswith("word…")
    assert len(beginning) <= LONGEST_POST + 1


LENGTHS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, LONGEST + 10)), max_size=12)


@given(sizes=LENGTHS)
def test_long_threads_are_parted_in_order_and_more_comments_change_the_last_part_alone(
    sizes: list[tuple[int, int]], ingested: Ingested, processed: Processed
) -> None:
    rows = [
        comment(ingested, processed, 100 + at, "x" * length, root=f"tg:77:post:{root}")
        for at, (root, length) in enumerate(sorted(sizes))
    ]
    found = entries(*rows)
    assert [each["source_ref"] for entry in found for each in entry["metadata"]["comments"]] == [
        row.source_ref for row in rows
    ]
    ids = [entry["id"] for entry in found]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    for entry in found:
        assert len(entry["content"]) <= LONGEST + 3 * len(rows) + 2 or len(entry["metadata"]["comments"]) == 1
    assert entries(*rows[:-1])[:-1] == found[: max(0, len(entries(*rows[:-1])) - 1)]
