"""An album is one post: what is known of its messages, as if it were one message's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tg_parser.contracts.ids import parse_source_ref
from tg_parser.exporter.domain.permalinks import permalink
from tg_parser.exporter.domain.rows import MessageRow
from tg_parser.exporter.domain.stable_json import Json, loads, without_blanks
from tg_parser.rendering.markdown import bare_markdown

TOGETHER = ("topics", "hashtags", "urls", "entities", "key_points")
"""What an album's documents have between them."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a post. `document` None: it has no words of its own."""

    source_ref: str
    message: Json
    markdown: str | None
    document: Json | None


def parts_of(row: MessageRow) -> list[Part]:
    """The messages of a post, of an album all of them in order."""
    if not row.album:
        return [_part(row.source_ref, row.observed, row.processed)]
    return [_part(item.source_ref, item.observed, item.processed) for item in row.album]


def post_message(parts: Sequence[Part]) -> Json:
    """The head's, with what may stand on any of the messages: the last edit, every medium, the origin, the reactions."""
    head = parts[0].message
    if len(parts) == 1:
        return head
    messages = [part.message for part in parts]
    first_known = {
        name: next((message[name] for message in messages if message.get(name)), None)
        for name in ("author", "forwarded_from", "reactions", "link_preview", "quote")
    }
    edits = [message["edited_at"] for message in messages if message.get("edited_at")]
    media = [media for message in messages for media in message.get("media", [])]
    return head | first_known | {"edited_at": max(edits, key=datetime.fromisoformat, default=None), "media": media}


def post_document(parts: Sequence[Part]) -> Json:
    """The document of the first message that has one, with the words of the others after its own: each caption is kept."""
    documents = [part.document for part in parts if part.document is not None]
    first = documents[0]
    if len(documents) == 1:
        return first
    merged = {
        name: _each_once(value for document in documents for value in document.get(name, [])) for name in TOGETHER
    }
    words = "\n\n".join(document["text_clean"] for document in documents)
    return first | merged | {"text_clean": words, "is_ad": any(document.get("is_ad") for document in documents)}


def post_markdown(parts: Sequence[Part]) -> str | None:
    """What the post looks like, where that is more than its words: captions and names of files one under the other."""
    if not any(part.markdown for part in parts):
        return None
    return "\n\n".join(filter(None, map(_looks, parts)))


def items(parts: Sequence[Part], username: str | None) -> list[Json]:
    """Each message of an album, with the address that shows it alone."""
    if len(parts) == 1:
        return []
    return [_item(part, username) for part in parts]


def _part(source_ref: str, observed: str, processed: str | None) -> Part:
    body = loads(observed)
    document = loads(processed)["document"] if processed else None
    return Part(source_ref, body["message"], body.get("markdown"), document)


def _looks(part: Part) -> str:
    if part.markdown:
        return part.markdown
    return bare_markdown(part.document["text_clean"]) if part.document else ""


def _item(part: Part, username: str | None) -> Json:
    document = part.document or {}
    return without_blanks(
        {
            "source_ref": part.source_ref,
            "telegram_url": permalink(parse_source_ref(part.source_ref), username, single=True),
            "media_kinds": sorted({media["kind"] for media in part.message.get("media", [])}),
            "caption": document.get("text_clean"),
            "document_id": document.get("id"),
        }
    )


def _each_once(values: Iterable[object]) -> list[object]:
    found: list[object] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
