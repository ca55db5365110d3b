"""A document as the grouping sees it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tg_parser.contracts.documents import ProcessedDocument

ADDRESS = re.compile(r"https?://\S+|www\.\S+|@\w+")
NOT_WORDS = re.compile(r"[\W_]+")
SHORTEST_REPOST = 40  # characters; shorter texts are alike by chance ("Доброе утро!")


@dataclass(frozen=True)
class Document:
    """What is compared, and what a card quotes."""

    source_ref: str
    revision: int
    seq: int
    channel_id: str
    message_id: str
    published_at: datetime
    text: str
    title: str
    summary: str
    phrases: tuple[str, ...]
    hashtags: tuple[str, ...]
    urls: tuple[str, ...]
    reply_to: str | None
    forwarded_from: str | None
    language: str
    is_ad: bool

    @cached_property
    def fingerprint(self) -> str:
        """Equal for reposts: the digest of the words alone, without addresses, marks and emoji; "" for short texts."""
        words = NOT_WORDS.sub(" ", ADDRESS.sub(" ", normalised(self.text))).strip()
        return hashlib.blake2b(words.encode(), digest_size=12).hexdigest() if len(words) >= SHORTEST_REPOST else ""


def normalised(text: str) -> str:
    """One form for what readers take as one: composed, lower case, ё as е."""
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")


def document_of(processed: ProcessedDocument, *, revision: int, seq: int) -> Document:
    """The document of a processed one."""
    return Document(
        source_ref=processed.source_ref,
        revision=revision,
        seq=seq,
        channel_id=processed.channel_id,
        message_id=processed.source_message_id,
        published_at=processed.published_at,
        text=processed.text_clean,
        title=processed.title or "",
        summary=processed.summary or "",
        phrases=processed.topics,
        hashtags=processed.hashtags,
        urls=processed.urls,
        reply_to=processed.reply_to,
        forwarded_from=processed.forwarded_from,
        language=processed.language or "und",
        is_ad=processed.is_ad,
    )
