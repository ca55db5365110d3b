"""Signs that somebody paid for a post, or that it sells: the marks Russian law requires, and the trade's own words."""

from __future__ import annotations

import re

# `erid` is the token of the Russian register of advertising (Federal Law 38-FZ, article 18.1), beside "Реклама." and
# the advertiser's name or tax number.
_SIGNS = re.compile(
    r"#(?:реклама|промо|партн[её]р\w*|спонсор\w*|ad|ads|advert\w*|sponsored|promo|partner)\b"
    r"|\berid\b\s*[:=]?\s*\w{6,}"
    r"|(?:^|\n|[.!?)]\s)[\W_]{0,5}реклама(?:[.:]|\s+(?:ооо|ао|пао|ип|фгаоу|чоу|ано|нко)\b)"
    r"|\bреклама\b.{0,80}\bинн\s*\d{10}"
    r"|\bна правах реклами?ы?\b|\bрекламодатель\s*:"
    r"|\bпромо-?код\w*\s*(?:[:—–-]|[«\"'A-Z0-9]|на скидк|даёт|дает|на знижк)"
    r"|\bпо промо-?коду\b|\bза промо-?кодом\b"
    r"|\bsponsored\s+(?:by|post|content)\b|\bpaid (?:partnership|promotion)\b"
    r"|\b(?:promo|discount|coupon) code\b|\buse (?:the )?code\s+[\"'“]?[A-Z0-9]{3,}",
    re.IGNORECASE,
)
_TAIL = 2000


def is_advertising(text: str, analysed: int) -> bool:
    """Whether the first `analysed` characters of `text`, or its end, where the marks often stand, show such a sign."""
    return bool(_SIGNS.search(text, 0, analysed) or _SIGNS.search(text, max(0, len(text) - _TAIL)))
