"""One row of `processed_documents` as what was understood of a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from tg_parser.contracts.documents import ImportedDocument
from tg_parser.contracts.messages import TelegramMessage
from tg_parser.ingestor.adapters.exports.unreadable import Unreadable
from tg_parser.ingestor.adapters.v3_database.values import members, moment, parsed, share, word, words

PROVENANCE: Final = ("pipeline_version", "model_id", "prompt_id", "prompt_name")
MOST_PARAMETERS: Final = 4_096  # characters of JSON
MOST_ENTITIES: Final = 200


def document_of(row: Mapping[str, Any], message: TelegramMessage) -> ImportedDocument:
    """The document of a row that has one. Raises Unreadable with a sentence that says why it is none."""
    metadata = members(row["metadata_json"])
    processed_at = moment(row["processed_at"])
    if processed_at is None:
        raise Unreadable(f"Its document was made at {str(row['processed_at'])[:50]!r}, which is no moment.")
    told: dict[str, Any] = {
        "text_hash": message.text_hash(),
        "processed_at": processed_at,
        "text_clean": row["text_clean"],
        "summary": word(row["summary"], 16_384),
        "topics": words(parsed(row["topics_json"]), most=100, longest=256),
        "entities": _entities(parsed(row["entities_json"])),
        "language": word(row["language"], 64),
        **{name: found for name in PROVENANCE if (found := word(metadata.get(name), 256))},
        "parameters": _parameters(metadata.get("parameters")),
    }
    try:
        return ImportedDocument.model_validate(told)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Unreadable(f"The {where} of its document is wrong: {first['msg']}.") from invalid


def _entities(found: Any) -> list[dict[str, Any]]:
    entities = [each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict)]
    named = [(word(each.get("type"), 64), word(each.get("value"), 512), each.get("confidence")) for each in entities]
    kept = [
        {"type": kind or "other", "value": value, "confidence": share(sure)} for kind, value, sure in named if value
    ]
    return kept[:MOST_ENTITIES]


def _parameters(found: Any) -> dict[str, Any]:
    small = isinstance(found, dict) and len(json.dumps(found)) <= MOST_PARAMETERS
    return found if small else {}
