"""What a well-behaved model says about the posts it is shown: a valid extraction whose every quote is in the post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FENCE = re.compile(
    r"<post (?:(?P<id>p\d+) )?(?P<mark>[0-9a-f]{16})>\n(?P<text>.*?)\n</post (?:p\d+ )?(?P=mark)>", re.DOTALL
)


def posts_in(user_message: str) -> dict[str, str]:
    """The posts between their fences, by their ids; one without an id under the empty string."""
    return {found["id"] or "": found["text"] for found in FENCE.finditer(user_message)}


def described(user_message: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The answer about every post of `user_message`, of the shape that `schema` wants: one extraction, or one per post."""
    posts = posts_in(user_message)
    if "posts" not in schema["properties"]:
        return extraction_of(posts.get("", user_message), schema["properties"])
    fields = schema["properties"]["posts"]["items"]["properties"]
    return {"posts": [{"id": name, **extraction_of(text, fields)} for name, text in posts.items()]}


def extraction_of(post: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """One extraction in the post's own words, with the fields that are asked for."""
    line = post.strip().partition("\n")[0][:80].strip() or None
    said: dict[str, Any] = {
        "text_clean": post[:200],
        "title": line,
        "summary": line,
        "key_points": [{"text": line, "quote": line}] if line else [],
        "topics": ["answered"],
        "entities": [],
        "dates": [],
        "language": "ru",
        "kind": "news",
        "is_ad": False,
    }
    return {name: value for name, value in said.items() if name in fields}
