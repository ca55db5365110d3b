"""The read model's tables. Each is a set of registers: for every key, the highest version ever written wins.

Because the highest wins, rows do not depend on how the log was cut into batches or on the order in which facts about
the same thing arrive, and folding a fact twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """A table of registers.

    Attributes:
        table: its name in the schema.
        columns: names and Postgres types, in the order of a row's values.
        key: the columns that say which register.
        version: the columns whose highest value wins, most significant first.
    """

    table: str
    columns: dict[str, str]
    key: tuple[str, ...]
    version: tuple[str, ...]

    def newest(self, rows: Iterable[Row]) -> list[Row]:
        """The winning row of each key: one statement cannot write a row twice."""
        names = list(self.columns)
        key = [names.index(name) for name in self.key]
        version = [names.index(name) for name in self.version]
        winners: dict[Row, Row] = {}
        for row in rows:
            which = tuple(row[at] for at in key)
            known = winners.get(which)
            if known is None or [known[at] for at in version] < [row[at] for at in version]:
                winners[which] = row
        return list(winners.values())


CHANNEL: Final = Register(
    "channel", {"channel_id": "text", "title": "text", "seq": "bigint"}, key=("channel_id",), version=("seq",)
)
USERNAME: Final = Register(
    "username", {"channel_id": "text", "username": "text", "seq": "bigint"}, key=("channel_id",), version=("seq",)
)
"""Apart from the title, because a source that does not know the username says nothing about it."""
POST: Final = Register(
    "post",
    {
        "source_ref": "text",
        "channel_id": "text",
        "message_id": "bigint",
        "posted_at": "timestamptz",
        "grouped_id": "text",
        "root_ref": "text",
        "seq": "bigint",
        "body": "text",
    },
    key=("source_ref",),
    version=("seq",),
)
"""`root_ref`: of a comment, the post it stands under."""
PRESENCE: Final = Register(
    "presence",
    {"source_ref": "text", "channel_id": "text", "erased": "boolean", "gone": "boolean", "seq": "bigint"},
    key=("source_ref",),
    version=("erased", "seq"),
)
"""Of messages that were ever told to be gone; the others are there. Nothing brings an erased one back."""
OUTCOME: Final = Register(
    "outcome",
    {
        "source_ref": "text",
        "decided": "boolean",
        "revision": "integer",
        "settled": "boolean",
        "seq": "bigint",
        "kind": "text",
        "reason": "text",
        "body": "text",
    },
    key=("source_ref",),
    version=("decided", "revision", "settled", "seq"),
)
"""`decided`: it says something about the message. `settled`: it is not a failure, which a document of the same revision
outlives. Among equals the later fact wins: a replay's document takes the place of the earlier one."""
TOPIC: Final = Register(
    "topic",
    {"topic_id": "text", "alive": "boolean", "seq": "bigint", "members": "text", "body": "text"},
    key=("topic_id",),
    version=("seq",),
)
"""`members` are the source references of the bundle, one a line."""
TOPIC_ALIAS: Final = Register(
    "topic_alias", {"alias": "text", "topic_id": "text", "seq": "bigint"}, key=("alias",), version=("seq",)
)
TOPIC_SPLIT: Final = Register(
    "topic_split", {"child": "text", "parent": "text", "seq": "bigint"}, key=("child",), version=("seq",)
)
REJECTED: Final = Register(
    "rejected",
    {
        "seq": "bigint",
        "ordinal": "integer",
        "workflow_id": "text",
        "position": "integer",
        "channel_id": "text",
        "message_id": "bigint",
        "reason": "text",
    },
    key=("seq", "ordinal"),
    version=("seq",),
)

REGISTERS: Final = (CHANNEL, USERNAME, POST, PRESENCE, OUTCOME, TOPIC, TOPIC_ALIAS, TOPIC_SPLIT, REJECTED)
