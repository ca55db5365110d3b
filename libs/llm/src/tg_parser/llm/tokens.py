"""How many tokens a text will take, before anybody has counted them. Providers' own tables are not at hand offline."""

from __future__ import annotations

import json

from tg_parser.llm.port import StructuredRequest

_BYTES_PER_TOKEN = 3.6
"""UTF-8 bytes. English has four characters of one byte to a token, Russian and Ukrainian two to three of two bytes each;
other scripts two to four bytes. A little low on purpose: an estimate that is too high only reserves more."""

_TYPICAL_OUTPUT = 260
"""Tokens of a typical post's document."""

_FRAME = 60
"""Tokens of fences, roles and hints around one post."""


def estimated_tokens(text: str) -> int:
    """About how many tokens `text` takes; 0 only if it is empty."""
    return -(-int(len(text.encode("utf-8", "replace")) * 10) // int(_BYTES_PER_TOKEN * 10)) if text else 0


def estimated_input(request: StructuredRequest) -> int:
    """About how many tokens of input `request` takes, its prompt and schema included."""
    posts = request.posts or ()
    documents = (
        sum(estimated_tokens(post.document) + _FRAME for post in posts)
        if posts
        else (estimated_tokens(request.document) + _FRAME)
    )
    repair = estimated_tokens(request.repair.answer) + _FRAME if request.repair else 0
    schema = estimated_tokens(json.dumps(request.output.schema, ensure_ascii=False))
    return estimated_tokens(request.prompt.text) + schema + documents + repair


def typical_output(document: str) -> int:
    """About how many tokens the answer about one post takes: more for a longer post, within bounds."""
    return min(_TYPICAL_OUTPUT * 2, max(_TYPICAL_OUTPUT // 2, estimated_tokens(document)))
