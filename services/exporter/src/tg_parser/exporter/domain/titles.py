"""The title of an entry: what the post says first, never its number."""

from __future__ import annotations

import re

from tg_parser.exporter.domain.rows import ChannelName
from tg_parser.exporter.domain.stable_json import Json

LONGEST = 90  # characters; what list views of knowledge bases show without cutting

DECORATION = re.compile(r"^[^\w«„“\"'(\[]+")  # bullets, emoji, flags and Markdown marks before the first word
MARKS = re.compile(r"\*\*|__|~~|`|\|\|")
SPACES = re.compile(r"\s+")
SENTENCE_END = re.compile(r"[.!?…]+[»”\"')\]]*(?=\s+[^\sa-zа-яё])")
WORD = re.compile(r"\w")

LABELS = {
    "photo": "Photo",
    "video": "Video",
    "animation": "Animation",
    "round": "Video message",
    "voice": "Voice message",
    "audio": "Audio",
    "sticker": "Sticker",
    "file": "File",
    "poll": "Poll",
    "location": "Location",
    "contact": "Contact",
}


def entry_title(document: Json, message: Json, channel: ChannelName) -> str:
    """The document's title, else the first heading or sentence of its text, else what the post is, where and when.

    Args:
        document: a ProcessedDocument as JSON.
        message: the TelegramMessage it is about, as JSON.
        channel: where it was posted.
    """
    return (
        shortened(_plain(document.get("title") or ""))
        or shortened(first_sentence(document["text_clean"]))
        or f"{LABELS.get(message['kind'], 'Post')} · {channel.title} · {message['date'][:10]}"
    )


def first_sentence(text: str) -> str:
    """The first line with a word in it, up to the end of its first sentence; "" if there is none."""
    for line in text.splitlines():
        heading = _plain(line)
        if WORD.search(heading):
            end = SENTENCE_END.search(heading)
            return heading[: end.end()] if end else heading
    return ""


def shortened(title: str) -> str:
    """`title`, cut at a word's end and marked with an ellipsis if it is too long."""
    if len(title) <= LONGEST:
        return title
    cut = title[: LONGEST - 1]
    words = cut.rpartition(" ")[0] if not title[LONGEST - 1].isspace() else cut
    return f"{(words or cut).rstrip(' ,;:–—-')}…"


def _plain(line: str) -> str:
    return DECORATION.sub("", SPACES.sub(" ", MARKS.sub("", line)).strip())
