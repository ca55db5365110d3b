"""From what a model wrote to the object it meant, and whether that object is of the schema asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

_REASONING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```[a-zA-Z]*\s*(.*?)\s*```", re.DOTALL)


class NotJsonError(ValueError):
    """What the model wrote is not the JSON object asked for; the message says where it goes wrong, without quoting."""


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`, with or without a code fence, a `<think>` block or chatter around it.

    Raises:
        NotJsonError: there is no JSON object in it.
    """
    text = _REASONING.sub("", text).strip().removeprefix("\ufeff")
    fenced = _FENCED.search(text)
    for candidate in (text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]):
        value = _loads(candidate)
        if isinstance(value, dict):
            return value
    raise NotJsonError(f"it holds no JSON object in its {len(text)} characters")


def check(value: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Return if `value` satisfies `schema`.

    Raises:
        NotJsonError: it does not; the message names the first place and the rule broken there.
    """
    for error in Draft202012Validator(dict(schema)).iter_errors(dict(value)):
        raise NotJsonError(f"it breaks the rule `{error.validator}` of the schema at {error.json_path}")


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False)  # models leave raw line breaks inside strings
    except (ValueError, RecursionError):
        return None
