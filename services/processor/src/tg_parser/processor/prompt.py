"""The prompt, a file with a version: changing its text makes every answer a new question."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tg_parser.llm.port import Prompt

FENCE = "---"


@cache
def extract_post_prompt() -> Prompt:
    """The instructions for understanding one post."""
    return parse_prompt((files("tg_parser.processor") / "prompts" / "extract_post.md").read_text("utf-8"))


def parse_prompt(text: str) -> Prompt:
    """A prompt from a file with `id` and `version` between two `---` lines. Raises ValueError if one is missing."""
    _, head, body = text.split(f"{FENCE}\n", 2)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    if not {"id", "version"} <= fields.keys():
        raise ValueError("A prompt file begins with its id and version.")
    return Prompt(id=fields["id"], version=fields["version"], text=body.strip())
