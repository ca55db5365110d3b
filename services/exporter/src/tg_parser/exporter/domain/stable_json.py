"""JSON whose bytes depend on the value alone: sorted keys, UTF-8, LF."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

Json = dict[str, Any]
"""A JSON object. Bodies of facts are passed on as they were validated when they were folded."""

_COMPACT = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_PRETTY = json.JSONEncoder(ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)


def dumps(value: Any, *, pretty: bool = False) -> bytes:
    """`value` as UTF-8 JSON with sorted keys, without a line break at the end."""
    return (_PRETTY if pretty else _COMPACT).encode(value).encode()


def loads(body: str) -> Json:
    """The object in `body`, a quarter faster than the standard library reads it."""
    return from_json(body, cache_strings="keys")


def without_blanks(value: Json) -> Json:
    """`value` without the members that say nothing: None, and empty texts, lists and objects. 0 and false stay."""
    return {name: content for name, content in value.items() if content not in (None, "", [], {})}
