"""What a link in a text is: Telegram makes links of addresses, names and hashtags, and writers make links of words."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

LONGEST: Final = 4_096
SITE: Final = "https://t.me/"
FOLLOWABLE: Final = frozenset({"http", "https", "tg", "ton"})
BY_FIRST: Final = {"#": "hashtag", "$": "cashtag"}
BY_SCHEME: Final = {"mailto": "email", "tel": "phone"}


def link_entity(text: str, href: str, *, confirmed: bool = False) -> dict[str, Any] | None:
    """Type and details of the entity that an `<a>` around `text` was; None if it is none, or leads where no link may lead.

    `confirmed`: clicking it asks first. The page escapes ampersands of such links twice (seen since 2024).
    """
    href = href.strip().replace("&amp;", "&") if confirmed else href.strip()
    if not text.strip() or not href or len(href) > LONGEST:
        return None
    if href.startswith("?q="):
        return {"type": BY_FIRST.get(text.strip()[0], "hashtag")}
    scheme = _scheme(href)
    if scheme in BY_SCHEME:
        return {"type": BY_SCHEME[scheme]}
    if scheme == "tg":
        return _app_link(href)
    if not scheme:
        href, scheme = SITE + href.removeprefix("//t.me").lstrip("/"), "https"
    if scheme not in FOLLOWABLE:
        return None
    return _web_link(text, href)


def address(href: str, *, confirmed: bool = False) -> str | None:
    """Where a button or a preview leads; None if it is nowhere a link may lead."""
    href = href.strip().replace("&amp;", "&") if confirmed else href.strip()
    return href if len(href) <= LONGEST and _scheme(href) in FOLLOWABLE else None


def _web_link(text: str, href: str) -> dict[str, Any]:
    if text.startswith("@") and _bare(href) == f"t.me/{text[1:]}".lower():
        return {"type": "mention"}
    if _bare(text) == _bare(href):
        return {"type": "link"}
    return {"type": "text_link", "url": href}


def _app_link(href: str) -> dict[str, Any]:
    parts = urlsplit(href)
    asked = parse_qs(parts.query)
    person = asked.get("id", [""])[0]
    if parts.netloc == "user" and person.isascii() and person.isdecimal():
        return {"type": "mention_name", "user_id": person[:20]}
    if parts.netloc == "bot_command":
        return {"type": "bot_command"}
    return {"type": "text_link", "url": href}


def _bare(address: str) -> str:
    """An address without what Telegram adds to one that was typed in a hurry."""
    lowered = address.strip().lower()
    return lowered.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")


def _scheme(href: str) -> str:
    try:
        return urlsplit(href).scheme
    except ValueError:
        return "unreadable"
