"""What is asked about one post: the answer's shape, for pydantic and, strictly, for a model."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from tg_parser.llm.port import OutputSchema

EXTRACTION_VERSION = 2
"""Raised with every change of meaning of a field."""

Kind = Literal["news", "announcement", "ad", "poll", "discussion", "service", "media", "other"]

EntityType = Literal[
    "person",
    "organization",
    "place",
    "product",
    "event",
    "name",
    "money",
    "percent",
    "date",
    "time",
    "url",
    "email",
    "phone",
    "mention",
    "hashtag",
    "other",
]
"""`name` is a proper name of a kind that is not known."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyPoint(_Part):
    """One thing the post says, in few words, and the words of the post that say it."""

    text: str
    quote: str


class EntityMention(_Part):
    """Something named in the post.

    Attributes:
        type: what it is.
        value: its normal form, where one is known; else as written.
        confidence: from 0 to 1; None where nobody measured one.
        quote: the words of the post that name it.
    """

    type: EntityType
    value: str
    confidence: float | None
    quote: str


class DateMention(_Part):
    """A day the post speaks of.

    Attributes:
        value: in ISO 8601, as much of it as the post says: `2026-03-01`, `2026-03`, `2026`, or `--03-01` without a year.
        quote: the words of the post that name it.
    """

    value: str
    quote: str


class Extraction(_Part):
    """What one post says.

    Attributes:
        text_clean: the post without invisible characters, ragged whitespace and the channel's footer. A model is not asked
            for it: it is paid for by the token, and code copies without mistakes.
        title: at most a line; None only if the post has no text.
        summary: one or two sentences; None only if the post has no text.
        key_points: what it says, each with its evidence.
        topics: short phrases in the post's language, the most telling first.
        entities: who and what it names, each with its evidence.
        dates: the days it speaks of, each with its evidence.
        language: ISO 639-1, `und` if unknown.
        kind: what sort of post it is.
        is_ad: whether somebody paid for it, or it sells something.
    """

    text_clean: str = ""
    title: str | None
    summary: str | None
    key_points: tuple[KeyPoint, ...]
    topics: tuple[str, ...]
    entities: tuple[EntityMention, ...]
    dates: tuple[DateMention, ...] = ()
    language: str
    kind: Kind
    is_ad: bool


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": description}


def _field(kind: str | list[str], description: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": description, **more}


_QUOTE = _field("string", "The words of the post that show it, copied character by character.")

# The common subset of what providers accept as a strict schema: every field required, null instead of absent, no
# lengths, numbers or patterns, nothing deeper than needed.
EXTRACTION_SCHEMA: dict[str, Any] = _object(
    title=_field(["string", "null"], "One line, at most 90 characters; null if the post has no text."),
    summary=_field(["string", "null"], "One or two sentences; null if the post has no text."),
    key_points=_array(
        _object(text=_field("string", "One thing the post says."), quote=_QUOTE), "At most five, most important first."
    ),
    topics=_array({"type": "string"}, "Up to six short phrases in the post's language, most telling first."),
    entities=_array(
        _object(
            type=_field("string", "`name` if the kind is not clear.", enum=list(get_args(EntityType))),
            value=_field("string", "The normal form of the name."),
            confidence=_field(["number", "null"], "From 0 to 1; null if unknown."),
            quote=_QUOTE,
        ),
        "Who and what the post names.",
    ),
    dates=_array(
        _object(
            value=_field("string", "ISO 8601: 2026-03-01, 2026-03 or 2026; --03-01 if the post names no year."),
            quote=_QUOTE,
        ),
        "The days the post speaks of.",
    ),
    language=_field("string", "ISO 639-1 code of the post's language; `und` if unclear."),
    kind=_field("string", "What sort of post it is.", enum=list(get_args(Kind))),
    is_ad=_field("boolean", "Whether it is advertising."),
)

EXTRACTION_OUTPUT = OutputSchema(name="extraction", schema=EXTRACTION_SCHEMA)
"""The schema, ready for a request to a model."""

RULES_OUTPUT = OutputSchema(
    name="extraction",
    schema=_object(
        text_clean=_field("string", "The post as a reader sees it, without the channel's own footer."),
        **EXTRACTION_SCHEMA["properties"],
    ),
)
"""The same with the text, for what works by rules and has it anyway."""
