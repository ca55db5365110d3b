"""Every message of the system on one page, for people: `python -m tg_parser.contracts.catalogue [--check]` writes docs/events.md.

It is made from the contracts themselves, so that it cannot tell of something else than what is on the wire.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tg_parser.contracts.codec import wire_types
from tg_parser.contracts.model import REGISTRY, Fact, Job, Message, WorkflowEvent

PAGE: Final = Path(__file__).parents[5] / "docs" / "events.md"
"""In the checkout: the page is committed, not installed."""
HEAD: Final = """# What travels between the services

Made from the contracts by `./taskw schemas`; do not edit. The JSON Schema of each type is in
`libs/contracts/schemas/<type>.schema.json`, a sample of each in `libs/contracts/tests/samples`. Every message is a CloudEvent in
binary mode: the type is in the header `ce-type`, the body is JSON. Older versions are upcast when they are read.
"""
CHAPTERS: Final[dict[str, tuple[type[Message], str]]] = {
    "Facts": (
        Fact,
        "What happened, in `TG_EVT`, for ever. The subject ends with the channel or source a fact is about.",
    ),
    "Jobs": (Job, "What is to be done, in `TG_JOB` until one worker has settled it."),
    "Workflow events": (
        WorkflowEvent,
        "The steps of one workflow, in `TG_WF`, on the subject `tg.wf.v1.<workflow_id>`.",
    ),
}


def page() -> str:
    """The page, the same on every machine."""
    wire_types()  # imports every module that registers messages
    return HEAD + "".join(_chapter(title, *chapter) for title, chapter in CHAPTERS.items())


def _chapter(title: str, kind: type[Message], sentence: str) -> str:
    found = sorted((name, model) for name, model in REGISTRY.items() if issubclass(model, kind))
    return f"\n## {title}\n\n{sentence}\n" + "".join(_entry(name, model) for name, model in found)


def _entry(name: str, model: type[Message]) -> str:
    told = inspect.cleandoc(model.__doc__ or "")
    rows = "".join(f"| `{field}` | {kind} | {sentence} |\n" for field, kind, sentence in _fields(model))
    table = f"\n| field | type | |\n|---|---|---|\n{rows}" if rows else ""
    return f"\n### {model.__name__}\n\n`{name}` on `{_subject(model)}`\n\n{told}\n{table}"


def _subject(model: type[Message]) -> str:
    if issubclass(model, Fact):
        return f"tg.evt.{model.TYPE.removeprefix('tg.')}.v{model.VERSION}.*"
    if issubclass(model, Job):
        return f"tg.job.{model.KIND}.v{model.VERSION}.<lane>.<workflow_id>"
    return "tg.wf.v1.<workflow_id>"


def _fields(model: type[Message]) -> Iterator[tuple[str, str, str]]:
    described = model.model_json_schema()
    for name, field in described.get("properties", {}).items():
        sentence = str(field.get("description", "")).replace("\n", " ").replace("|", "\\|")
        yield name, _type(field), sentence


def _type(field: dict[str, Any]) -> str:
    """A short word for a JSON type."""
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    return str(field.get("format") or field.get("type") or "anything")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or with `--check` only compare. The exit code: 1 if the committed one has drifted."""
    parser = argparse.ArgumentParser(
        prog="python -m tg_parser.contracts.catalogue", description="Write docs/events.md."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed page has drifted")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        chosen.page.write_text(page(), "utf-8")
        return 0
    if chosen.page.exists() and chosen.page.read_text("utf-8") == page():
        return 0
    sys.stderr.write(f"{chosen.page.name} is out of date: ./taskw schemas writes it.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
