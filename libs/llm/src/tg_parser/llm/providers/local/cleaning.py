"""The post's text without what nobody can see: invisible characters and ragged whitespace."""

from __future__ import annotations

import re
import unicodedata

# Zero-width space, word joiner, BOM, soft hyphen, and the marks and embeddings that steer text direction.
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Joiners mean something inside emoji and in Persian or Indic words, never beside Latin, Cyrillic or a space.
_IDLE_JOINER = re.compile(r"(?<![^\sA-Za-z\u0400-\u04ff])[\u200c\u200d]+|[\u200c\u200d]+(?=[\sA-Za-z\u0400-\u04ff]|\Z)")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Channels use the Braille blank and the Hangul filler for layout.
_SPACES = re.compile(r"(?:[^\S\n]|[\u2800\u3164])+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """`text` in NFC, without invisible characters, with single spaces and at most one empty line at a time.

    Linear in the length of the text.
    """
    text = _IDLE_JOINER.sub("", _INVISIBLE.sub("", text))
    text = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text))
    return _MANY_BREAKS.sub("\n\n", text).strip()
