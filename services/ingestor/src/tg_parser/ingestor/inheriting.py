"""What an earlier TG_parser had come to: told once, and never over what was told since. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tg_parser.contracts.documents import DocumentImported
from tg_parser.contracts.model import Fact
from tg_parser.ingestor.domain import Heirloom, Inherited, MessageSeen, Page, Reading
from tg_parser.ingestor.presence import seen


def document_name(source_ref: str) -> str:
    """The name under which it is remembered that a message's document was told."""
    return f"document:{source_ref}"


def names(page: Page) -> list[str]:
    """Of what the page inherits."""
    documented = [document_name(item.message.source_ref) for item in seen(page) if item.document]
    return documented + [item.name for item in page.items if isinstance(item, Inherited)]


def inherited(page: Page, heirlooms: Mapping[str, Heirloom]) -> list[Fact]:
    """The facts about sources and topics that are news."""
    items = [item for item in page.items if isinstance(item, Inherited)]
    return [fact for item in items if not _told(item, heirlooms.get(item.name)) for fact in item.facts]


def documents(page: Page, heirlooms: Mapping[str, Heirloom]) -> list[Fact]:
    """The facts about documents that are news."""
    facts: list[Fact] = []
    for item in seen(page):
        ref = item.message.source_ref
        told = heirlooms.get(document_name(ref))
        if item.document and (told is None or told.digest != item.document.digest()):
            facts.append(DocumentImported(channel_id=item.message.channel_id, source_ref=ref, document=item.document))
    return facts


def brings_news(item: MessageSeen, heirlooms: Mapping[str, Heirloom], reading: Reading) -> bool:
    """Whether a message's document is this reading's news, so that the message has to be settled although it is known."""
    if item.document is None:
        return False
    told = heirlooms.get(document_name(item.message.source_ref))
    return told is None or told.digest != item.document.digest() or told.told_by == reading.name


def _told(item: Inherited, told: Heirloom | None) -> bool:
    return told is not None and item.digest in {"", told.digest}
