"""Why a channel has no preview: the page that anybody is led to instead says who the name belongs to."""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from tg_parser.ingestor.adapters.preview.text import plain_text
from tg_parser.ingestor.ports import SourceRefused

PAGE: Final = ".tgme_page, .tgme_page_wrap"
EXTRA: Final = ".tgme_page_extra"
TITLE: Final = ".tgme_page_title"
BLOCKED: Final = re.compile(
    r"(?:this|the) channel[^.]{0,40} (?:is unavailable|can(?:'|’|no)t be displayed|could[^.]{0,6} be displayed)[^.]*\.",
    re.IGNORECASE,
)
LONGEST: Final = 200


def refusal(markup: str, name: str) -> SourceRefused:
    """What to say of `t.me/<name>`, which has this markup and no preview."""
    tree = LexborHTMLParser(markup)
    said = plain_text(tree.body)
    blocked = BLOCKED.search(said)
    if blocked:
        return SourceRefused(f"t.me does not show @{name}: {' '.join(blocked[0].split())[:LONGEST]}", "no_preview")
    extra = plain_text(tree.css_first(EXTRA, default=None)).lower()
    if "subscriber" in extra:
        return SourceRefused(
            f"@{name} is a channel without a public preview: it is for adults, hidden in this region, or its owner forbids "
            "saving. An account can read it.",
            "no_preview",
        )
    if "member" in extra:
        return SourceRefused(
            f"@{name} is a group; only channels have a public preview. An account can read it.", "no_preview"
        )
    if tree.css_first(TITLE, default=None):
        return SourceRefused(f"@{name} is a person or a bot, not a channel.", "unsupported")
    if markup and tree.css_first(PAGE, default=None) is None:
        return SourceRefused(f"t.me has a page for @{name} that is none of those known: its markup may have changed.")
    return SourceRefused(f"There is no channel @{name}.", "not_found")
