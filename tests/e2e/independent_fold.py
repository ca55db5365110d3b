"""What a knowledge base must hold, folded from the log by plain dictionaries: no code of the system takes part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from system import Fact

OUTCOMES = {
    "tg.message.processed.v1": "processed",
    "tg.message.skipped.v1": "skipped",
    "tg.message.failed.v1": "failed",
}


@dataclass
class Folded:
    """Everything the facts say, latest last."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    completed: Counter[tuple[str, str]] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)


def ref(message: dict[str, Any]) -> str:
    """The name of a message."""
    return f"tg:{message['channel_id']}:{message['message_type']}:{message['message_id']}"


def fold(facts: list[Fact]) -> Folded:
    """Fold facts in the order of the log."""
    folded = Folded()
    for fact in facts:
        folded.duplicates[fact.id] += 1
        _one(folded, fact)
    return folded


def _one(folded: Folded, fact: Fact) -> None:
    data = fact.data
    match fact.type.rsplit(".v", 1)[0]:
        case "tg.message.ingested" | "tg.message.edited":
            folded.messages[ref(data["message"])] = data["message"]
        case "tg.message.processed":
            folded.documents[data["source_ref"]] = data["document"]
        case "tg.topic.opened" | "tg.topic.updated":
            folded.topics[data["topic_id"]] = data
        case "tg.topics.merged":
            for absorbed in data["absorbed"]:
                folded.topics.pop(absorbed, None)
        case "tg.topic.retired":
            folded.topics.pop(data["topic_id"], None)
        case "tg.ingest.completed" | "tg.topicization.completed" | "tg.export.completed" as kind:
            folded.completed[(fact.workflow_id, kind)] += 1
        case _:
            pass
    if fact.type in OUTCOMES:
        folded.outcomes.setdefault((fact.workflow_id, data["source_ref"]), []).append(OUTCOMES[fact.type])
