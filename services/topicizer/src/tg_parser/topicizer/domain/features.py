"""A document as weighted terms: stems of its words, and what Telegram says of it besides (tags, addresses).

Weights are whole numbers and do not depend on any other document: how telling a term is, is asked when documents are
compared. So adding and taking away is exact, and features computed again later are the same. Character n-grams, the
second view, are a linear function of the stems (`grams`), and need not be kept either.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tg_parser.topicizer.domain.document import Document
from tg_parser.topicizer.domain.words import named, normalised, plain, stems

FEATURES_VERSION: Final = "stems+grams-2"

LENGTH: Final = 1024
"""The length every document's vector is brought to, so that a long post says no more than a short one."""
TITLE_GAIN: Final = 1  # a title's words say more about the story than the words of its last paragraph
NAME_GAIN: Final = 1  # so do names
TAG_GAIN: Final = 2
ADDRESS_GAIN: Final = 2
SHORTEST_REPOST: Final = 40  # characters; shorter texts are alike by chance ("Доброе утро!")
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_MESSAGE: Final = re.compile(r"tg:[^:]+:(?:post|comment):[^:]+")
_TRACKING: Final = re.compile(r"utm_\w+|fbclid|yclid|gclid|igshid|si")
_HOSTS_WITHOUT_STORY: Final = frozenset({"t.me", "telegram.me", "vk.com", "youtube.com", "x.com", "twitter.com"})


@dataclass(frozen=True, slots=True)
class Features:
    """What of a document is compared. `weights` have the length LENGTH; `identities` are equal for reposts alone."""

    weights: dict[str, int]
    identities: tuple[int, ...]


def features(document: Document) -> Features:
    """The features of a document: the same on every machine, whatever was read before."""
    text = plain(document.text)
    counts: Counter[str] = Counter(stems(text))
    for term in stems(plain(document.title)):
        counts[term] += TITLE_GAIN
    for name in named(text):
        counts[name] += NAME_GAIN
    for tag in document.hashtags:
        counts[f"#{normalised(tag.lstrip('#'))}"] += TAG_GAIN
    for url in document.urls:
        if address := canonical(url):
            counts[f"url:{address}"] += ADDRESS_GAIN
    return Features(_scaled(counts), tuple(sorted(set(_identities(document, text)))))


def _scaled(counts: Counter[str]) -> dict[str, int]:
    damped = {term: 1.0 + math.log(count) for term, count in counts.items()}
    length = math.sqrt(math.fsum(value * value for value in damped.values()))
    return {term: round(LENGTH * value / length) for term, value in damped.items()}


def canonical(url: str) -> str:
    """An address without what does not say where it leads; "" for a bare host, a profile, a channel, and what is no address."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    query = urlencode(sorted(pair for pair in parse_qsl(parts.query) if not _TRACKING.fullmatch(pair[0])))
    if not path and not query:
        return ""
    if host in _HOSTS_WITHOUT_STORY and path.count("/") <= 1 and not query:
        return ""
    return f"{host}{path}?{query}" if query else f"{host}{path}"


def _identities(document: Document, text: str) -> Iterator[int]:
    """What a repost has in common with its original: the words alone, and the message both come from."""
    bare = _NOT_WORDS.sub(" ", normalised(text)).strip()
    if len(bare) >= SHORTEST_REPOST:
        yield digest(bare.encode())
    if document.forwarded_from and _MESSAGE.fullmatch(document.forwarded_from):
        yield origin(document.forwarded_from)


def origin(source_ref: str) -> int:
    """The identity of whatever was forwarded from the message `source_ref`."""
    return digest(f"from {source_ref}".encode())


def digest(content: bytes) -> int:
    """A number for some bytes, 63 bits, the same in every process."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1
