"""Whether a post says what a model quotes from it. What is kept is the post's own words, not the model's copy of them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST_QUOTE = 1000  # characters; a longer one is the post itself

_DOUBLE, _SINGLE, _DASH = '"«»“”„‟〝〞', "'‘’‚‛ʼ`", "-‐‑‒–—―−"
_ALIKE = {character: f"[{re.escape(group)}]" for group in (_DOUBLE, _SINGLE, _DASH) for character in group}


def found_in(quote: str, text: str) -> str | None:
    """The words of `text` that `quote` quotes; None if there are none.

    Letters' case, runs of whitespace, and the kinds of quotation marks and dashes may differ: models change them in
    copying. No letter and no digit may.
    """
    wanted = quote.strip()
    if not wanted or len(wanted) > LONGEST_QUOTE:
        return None
    if wanted in text:
        return wanted
    found = _pattern(wanted).search(unicodedata.normalize("NFC", text))
    return found[0] if found else None


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    words = unicodedata.normalize("NFC", wanted).split()
    return re.compile(r"\s+".join("".join(map(_letter, word)) for word in words), re.IGNORECASE)


def _letter(character: str) -> str:
    return _ALIKE.get(character) or re.escape(character)
