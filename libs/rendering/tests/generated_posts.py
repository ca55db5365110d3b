"""Posts as channels write them, and worse: words in several scripts, emoji of several characters, everything that means
something in Markdown, and entities that nest, cross, end in spaces and begin in the middle of a character."""

from __future__ import annotations

import random
from typing import Final

from tg_parser.contracts.messages import TextEntity

WORDS: Final = (
    "Мост", "открыт", "вода", "уровень", "Ёлка", "и", "в", "городе", "Приреченск", "ещё", "the", "Bridge", "opened", "a",
    "user_name", "snake_case_name", "x", "5*3", "2**8", "C#", "I", "№5", "100%", "«слово»", "(в", "скобках)", "нет…", "да!",
    "café", "cafe\u0301", "и\u0306", "שלום", "مرحبا", "עולם\u200f", "日本語", "한국어", "e\u0301\u0302", "نص\u064b", "½", "²",
)  # fmt: skip
EMOJI: Final = ("🔥", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇷🇺", "❤️", "👍🏽", "☝", "⚡️", "1️⃣", "➖➖➖", "🧑🏿‍🚀", "𝓐", "𐍈")
SIGNS: Final = (
    "*", "**", "***", "_", "__", "~", "~~", "~~~", "`", "``", "```", "\\", "\\\\", "[", "]", "[]", "](", "[x]", "![", "!", "<", ">", "<b>",
    "</b>", "<!--",
    "<br>", "<div>", "<a href='x'>", "&amp;", "&#35;", "&", "&copy;", "|", "||", "|-|", "a|b", "#", "##", "$x_1$",
    ":", "--", "---",
    "===", "+", "-", "=", ".", ",", ";", "?", "\"", "'", "(", ")", "{}", "^", "@", "/", "—",
    "«", "»", "“", "”", "…", "\u200b", "\u2060", "\u200d",
)  # fmt: skip
LINES: Final = (
    "# не заголовок", "###### deep", "#", "####### seven", "- item", "* item", "+ item", "1. first", "2) second", "999999999. big",
    "> цитата", ">", "```", "~~~", "---", "***", "___", "- - -", "===", "=", "Setext\n---", "Setext\n===", "    code?", "\tcode?",
    "| a | b |",
    "|---|---|", "a | b\n--- | ---", ":-: | -", "[ref]: http://x", "[^1]: note", "<div>", "</div>", "<!-- c", "<?php", "<https://x.example>",
    "- [ ] todo", "1.", "-", "+", "* * *", "  - nested", "\\", "line\\", "two  ", "![img](u)", "[l](u)",
    "<script>", "::", "-|-", "-1", "1.5",
)  # fmt: skip
TAGS: Final = ("@user_name_1", "#тег", "#tag_with_", "#1", "/start", "$USD", "+7 000 123-45-67", "a_b@mail.example")
ADDRESSES: Final = (
    "https://a.example/x_y_z", "https://a.example/(p)?q=1&amp=2*3*4", "http://x.example/~u/`b`", "t.me/name_1", "example.com/a_b",
    "https://a.example/[1]#f", "tg://resolve?domain=x", "https://пример.example/путь_к", "https://a.example/&copy;", "mailto:a@b.example",
)  # fmt: skip
URLS: Final = (
    *ADDRESSES, "https://a.example/a b", "https://a.example/<x>", "https://a.example/a)b(c", "https://a.example/\\x", "https://a.example/\"q\"",
    "javascript:alert(1)", " data:text/html,x", "https://a.example/|", "https://a.example/\n", "", "ftp://x/'", "https://a.example/%20",
)  # fmt: skip
LANGUAGES: Final = (None, "python", "c++", "c#", "a b", "`", "", "objective-c")
GAPS: Final = (" ",) * 16 + (
    "",
    "",
    "",
    "\n",
    "\n",
    "\n\n",
    "  ",
    " \n",
    "\n ",
    "\t",
    "\u00a0",
    "\u3000",
    "\r\n",
    "\n\n\n",
)
INLINE: Final = ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "text_link")
OTHER: Final = ("hashtag", "mention", "custom_emoji", "email", "phone", "link", "unknown")


def post(seed: int) -> tuple[str, tuple[TextEntity, ...]]:
    """The post of a seed: half of them as people write, half hostile."""
    dice = random.Random(seed)
    return _written(dice) if seed % 2 else _hostile(dice)


def _written(dice: random.Random) -> tuple[str, tuple[TextEntity, ...]]:
    """Words with entities around words, a quarter of them with the space or the line's end behind."""
    pieces: list[str] = []
    for _ in range(dice.randint(1, 24)):
        pool = dice.choices((WORDS, EMOJI, SIGNS, LINES, TAGS, ADDRESSES), (70, 8, 6, 5, 6, 5))[0]
        pieces.append(dice.choice(pool))
        pieces.append(dice.choice(GAPS))
    text = "".join(pieces)
    ends = _ends(pieces)
    entities: list[TextEntity] = []
    for _ in range(dice.randint(0, 6)):
        first = dice.randrange(0, len(pieces), 2)
        last = min(len(pieces) - 1, first + 2 * dice.randint(0, 5) + (dice.random() < 0.25))
        kind = dice.choice((*INLINE, *INLINE, "blockquote", "pre"))
        entities.append(_entity(dice, kind, ends[first], ends[last + 1] - ends[first]))
    for at in range(0, len(pieces), 2):
        if pieces[at] in ADDRESSES and dice.random() < 0.8:
            entities.append(_entity(dice, "link", ends[at], ends[at + 1] - ends[at]))
    return text, tuple(entities)


def _hostile(dice: random.Random) -> tuple[str, tuple[TextEntity, ...]]:
    """Signs everywhere, and entities anywhere: across each other, out of the text, in the middle of characters."""
    pools = (WORDS, EMOJI, SIGNS, LINES, TAGS, ADDRESSES)
    pieces = [
        part
        for _ in range(dice.randint(1, 14))
        for part in (dice.choice(dice.choices(pools, (20, 15, 40, 15, 5, 5))[0]), dice.choice(GAPS))
    ]
    text = "".join(pieces)
    length = _units(text)
    kinds = (*INLINE, *INLINE, "blockquote", "pre", dice.choice(OTHER))
    entities = tuple(
        _entity(
            dice, dice.choice(kinds), dice.randint(0, length), dice.randint(0, max(1, length // dice.choice((1, 2, 4))))
        )
        for _ in range(dice.randint(0, 8))
    )
    return text, entities


def _entity(dice: random.Random, kind: str, offset: int, length: int) -> TextEntity:
    return TextEntity(
        type=kind,
        offset=offset,
        length=length,
        url=dice.choice(URLS) if kind == "text_link" else None,
        language=dice.choice(LANGUAGES) if kind == "pre" else None,
    )


def _ends(pieces: list[str]) -> list[int]:
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + _units(piece))
    return ends


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
