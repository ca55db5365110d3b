"""The contracts as JSON Schemas, for readers in other languages: `python -m tg_parser.contracts.schemas [--check]`.

One file for each wire type, old ones included, and one for each document that leaves the system. They are committed:
what changed in a contract is seen in a review as others will see it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema

from tg_parser.contracts.codec import wire_types
from tg_parser.contracts.documents import ProcessedDocument
from tg_parser.contracts.knowledge import KnowledgeBaseEntry, Manifest
from tg_parser.contracts.messages import RawTelegramMessage
from tg_parser.contracts.model import REGISTRY, Contract
from tg_parser.contracts.topics import TopicBundle, TopicCard

FOLDER: Final = Path(__file__).parents[3] / "schemas"
"""Beside the sources: the schemas are committed, not installed."""

SUPERSEDED: Final[Mapping[str, type[Contract]]] = {"tg.message.ingested.v1": RawTelegramMessage}
"""What older versions looked like, where a model of them is left."""

DOCUMENTS: Final[Mapping[str, type[Contract]]] = {
    "raw_telegram_message": RawTelegramMessage,
    "processed_document": ProcessedDocument,
    "topic_card": TopicCard,
    "topic_bundle": TopicBundle,
    "knowledge_base_entry": KnowledgeBaseEntry,
    "manifest": Manifest,
}
"""TG_parser v3's data contracts, and the manifest of an export."""


def contracts() -> dict[str, type[Contract]]:
    """Every contract with a schema, by the name of its file. Raises KeyError for a wire type of which no model is left."""
    messages = {name: REGISTRY[name] if name in REGISTRY else SUPERSEDED[name] for name in wire_types()}
    return {**messages, **DOCUMENTS}


def schema(name: str, model: type[Contract]) -> JsonSchemaValue:
    """The JSON Schema (draft 2020-12) of what `model` accepts."""
    _, described = models_json_schema([(model, "validation")], by_alias=True)
    definitions: dict[str, Any] = described.get("$defs", {})
    own = definitions.pop(model.__name__)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:tg-parser:schema:{name}",
        **own,
        **({"$defs": definitions} if definitions else {}),
    }


def files() -> dict[str, str]:
    """File name → text, the same on every machine."""
    return {
        f"{name}.schema.json": json.dumps(schema(name, model), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        for name, model in contracts().items()
    }


def drift(folder: Path) -> list[str]:
    """A sentence for each file of `folder` that is not what the contracts say."""
    wanted = files()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.schema.json")}
    return (
        [f"{name} is missing." for name in sorted(wanted.keys() - found.keys())]
        + [f"{name} belongs to no contract." for name in sorted(found.keys() - wanted.keys())]
        + [f"{name} is out of date." for name in sorted(wanted.keys() & found.keys()) if wanted[name] != found[name]]
    )


def write(folder: Path) -> None:
    """Make the files of `folder` what the contracts say."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for path in folder.glob("*.schema.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or with `--check` only compare. The exit code: 1 if the committed ones have drifted."""
    parser = argparse.ArgumentParser(
        prog="python -m tg_parser.contracts.schemas", description="Write the JSON Schemas."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a committed schema has drifted")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the schemas are")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.folder)
        return 0
    found = drift(chosen.folder)
    sys.stderr.writelines(f"{sentence}\n" for sentence in found)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
