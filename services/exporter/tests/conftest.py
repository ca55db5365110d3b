"""Facts and rows as the tests of the exporter need them: everything that does not matter has a default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.codec import encode
from tg_parser.contracts.documents import MessageProcessed, ProcessedDocument
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.ids import parse_source_ref
from tg_parser.contracts.messages import MessageIngested, TelegramMessage
from tg_parser.contracts.model import Fact
from tg_parser.contracts.subjects import fact_subject
from tg_parser.contracts.topics import TopicOpened
from tg_parser.exporter.domain.rows import ChannelName, MemberRow, MessageRow, TopicRow

START = datetime(2026, 1, 1, tzinfo=UTC)


def make_ingested(number: int, *, channel_id: str = "77", **message: Any) -> MessageIngested:
    observed = TelegramMessage.model_validate(
        {
            "channel_id": channel_id,
            "message_id": number,
            "date": START + timedelta(hours=number),
            "text": f"Post {number}",
            **message,
        }
    )
    return MessageIngested(message=observed, content_hash=observed.content_hash(), source_kind="td_json")


def make_processed(number: int, *, channel_id: str = "77", revision: int = 0, **document: Any) -> MessageProcessed:
    ref = f"tg:{channel_id}:post:{number}"
    return MessageProcessed(
        channel_id=channel_id,
        source_ref=ref,
        revision=revision,
        pipeline_key="key",
        document=ProcessedDocument.model_validate(
            {
                "id": f"doc:{ref}",
                "source_ref": ref,
                "source_message_id": str(number),
                "channel_id": channel_id,
                "processed_at": START + timedelta(days=30),
                "published_at": START + timedelta(hours=number),
                "text_clean": f"Text {number}.",
                "content_hash": "hash",
                "metadata": {
                    "pipeline_version": "p",
                    "model_id": "m",
                    "prompt_id": "sha256:0",
                    "prompt_name": "n",
                    "method": "extractive",
                    "provider": "local",
                },
                **document,
            }
        ),
    )


def make_topic(anchor: str, *others: str, **card: Any) -> TopicOpened:
    refs = [anchor, *others]
    parts = {ref: parse_source_ref(ref) for ref in refs}
    identities = [
        {"channel_id": parts[ref].channel_id, "message_id": str(parts[ref].message_id), "message_type": "post"}
        for ref in refs
    ]
    return TopicOpened.model_validate(
        {
            "topic_id": f"topic:{anchor}",
            "epoch": 1,
            "card": {
                "id": f"topic:{anchor}",
                "title": "A topic",
                "summary": "What it is.",
                "scope_in": ["this"],
                "scope_out": ["that"],
                "type": "singleton",
                "anchors": [identities[0] | {"anchor_ref": anchor, "score": 0.9}],
                "sources": refs,
                "updated_at": START,
                **card,
            },
            "bundle": {
                "topic_id": f"topic:{anchor}",
                "items": [
                    identity | {"source_ref": ref, "role": "supporting", "score": 0.5, "justification": "terms"}
                    for identity, ref in zip(identities, refs, strict=True)
                ],
                "updated_at": START,
            },
        }
    )


def make_message_row(
    ingested: MessageIngested, processed: MessageProcessed, *, username: str | None = "daily", **row: Any
) -> MessageRow:
    values: dict[str, Any] = {
        "entry_ref": ingested.source_ref,
        "source_ref": ingested.source_ref,
        "observed": encode(ingested).decode(),
        "processed": encode(processed).decode(),
        "observed_seq": 3,
        "processed_seq": 5,
        "channel": ChannelName("The Daily", username),
    }
    return MessageRow(**(values | row))


def make_topic_row(topic: TopicOpened, *members: MemberRow, **row: Any) -> TopicRow:
    return TopicRow(
        topic.topic_id, encode(topic).decode(), 9, members={member.source_ref: member for member in members}, **row
    )


def make_member(ingested: MessageIngested, processed: MessageProcessed | None) -> MemberRow:
    document = encode(processed).decode() if processed else None
    return MemberRow(ingested.source_ref, encode(ingested).decode(), document, ChannelName("The Daily", "daily"))


def make_recorded(seq: int, fact: Fact, workflow_id: str = "w1") -> Recorded:
    envelope = Envelope(fact.identity(workflow_id, 0), fact.wire_type(), "test", START, workflow_id)
    return Recorded(seq, fact_subject(fact), envelope.headers(), encode(fact))


@pytest.fixture(scope="session")
def ingested() -> Callable[..., MessageIngested]:
    return make_ingested


@pytest.fixture(scope="session")
def processed() -> Callable[..., MessageProcessed]:
    return make_processed


@pytest.fixture(scope="session")
def topic() -> Callable[..., TopicOpened]:
    return make_topic


@pytest.fixture(scope="session")
def message_row() -> Callable[..., MessageRow]:
    return make_message_row


@pytest.fixture(scope="session")
def topic_row() -> Callable[..., TopicRow]:
    return make_topic_row


@pytest.fixture(scope="session")
def member() -> Callable[..., MemberRow]:
    return make_member


@pytest.fixture(scope="session")
def recorded() -> Callable[..., Recorded]:
    return make_recorded
