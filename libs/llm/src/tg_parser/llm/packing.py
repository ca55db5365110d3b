"""Several posts in one request, and each post's part of the answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tg_parser.llm.port import OutputSchema, Post, StructuredRequest, StructuredResult, Usage
from tg_parser.llm.tokens import estimated_tokens

LONGEST_POST = 500  # tokens; a longer post is worth a request of its own
LARGEST_PACK = 3000  # tokens of posts in one request: with more, models begin to mix them up


def fits(request: StructuredRequest) -> bool:
    """Whether the post of `request` may travel with others."""
    return not request.posts and request.repair is None and estimated_tokens(request.document) <= LONGEST_POST


def company(request: StructuredRequest) -> tuple[Any, ...]:
    """Requests may travel together if they are equal in this: all but the post, and on whose behalf."""
    return (
        request.account,
        request.prompt,
        request.output.name,
        request.output.sha256,
        request.model,
        request.max_output_tokens,
        request.temperature,
        repr(sorted(request.params.items())),
    )


def packed(requests: Sequence[StructuredRequest], most_output_tokens: int) -> StructuredRequest:
    """One request for all of `requests`, which are of one company. Their posts are called p1, p2 and so on."""
    posts = tuple(
        Post(f"p{number}", request.document, request.hints) for number, request in enumerate(requests, start=1)
    )
    first = requests[0]
    return replace(
        first,
        document="",
        hints={},
        posts=posts,
        output=packed_output(first.output),
        max_output_tokens=max(
            first.max_output_tokens, min(most_output_tokens, first.max_output_tokens * len(posts) // 2)
        ),
    )


def packed_output(output: OutputSchema) -> OutputSchema:
    """The schema of an answer about several posts: one item each, under the id of its post."""
    properties: dict[str, Any] = {
        "id": {"type": "string", "description": "The id of the post, as it stands in its fence."},
        **output.schema["properties"],
    }
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"posts": {"type": "array", "items": item, "description": "One item per post."}},
        "required": ["posts"],
        "additionalProperties": False,
    }
    return OutputSchema(f"{output.name}s", schema)


def unpacked(result: StructuredResult, posts: Sequence[Post]) -> dict[str, StructuredResult]:
    """Each post's result by its id, with its share of what the call used.

    A post the answer is silent about, or speaks about twice, has none: which of two items is about it nobody knows. An
    item about a post that was not asked about is left out.
    """
    items: dict[str, list[dict[str, Any]]] = {}
    for item in result.output["posts"]:
        items.setdefault(str(item["id"]), []).append({name: value for name, value in item.items() if name != "id"})
    answered = [post for post in posts if len(items.get(post.id, [])) == 1]
    shares = _shares(result, answered)
    return {post.id: result.model_copy(update={"output": items[post.id][0], **shares[post.id]}) for post in answered}


def _shares(result: StructuredResult, posts: Sequence[Post]) -> Mapping[str, dict[str, Any]]:
    """Equal parts of usage and cost, the first ones larger by what does not divide; their sums are the call's."""
    of = len(posts)
    return {
        post.id: {
            "usage": Usage(**{name: _share(getattr(result.usage, name), at, of) for name in Usage.model_fields}),
            "cost_micros": None if result.cost_micros is None else _share(result.cost_micros, at, of),
        }
        for at, post in enumerate(posts)
    }


def _share(total: int, at: int, of: int) -> int:
    return total // of + (1 if at < total % of else 0)
