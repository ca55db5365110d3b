"""A Telegram Desktop export of any size, the same for the same seed: stories told in many words by a few channels."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

SYLLABLES = (
    "ка",
    "ре",
    "то",
    "ми",
    "ла",
    "со",
    "ни",
    "ву",
    "пе",
    "да",
    "го",
    "ши",
    "тра",
    "мост",
    "лин",
    "вод",
    "сту",
    "ро",
    "бе",
    "зи",
)
CHANNELS = 4
STORIES_PER_THOUSAND = 60
START = 1_767_225_600  # 2026-01-01, in seconds
BETWEEN = 240  # seconds from one post to the next


def vocabulary(random_source: random.Random, size: int) -> list[str]:
    """Made-up words, the earlier ones meant to be the commoner."""
    return ["".join(random_source.choices(SYLLABLES, k=random_source.randint(2, 4))) for _ in range(size)]


def posts(count: int, seed: int) -> Iterator[tuple[int, dict[str, object]]]:
    """Channel number and message, in the order of time. A post is some 400 characters, half of them its story's words."""
    source = random.Random(seed)
    common = vocabulary(source, 4000)
    stories = [vocabulary(source, 30) for _ in range(max(5, count * STORIES_PER_THOUSAND // 1000))]
    weights = [1 / (rank + 1) for rank in range(len(common))]
    for number in range(1, count + 1):
        near = int(number / count * len(stories) + source.gauss(0, 3)) % len(stories)
        words = source.choices(common, weights, k=28) + source.choices(stories[near], k=28)
        source.shuffle(words)
        text = " ".join(words).capitalize() + f". Пост {number}."
        moment = START + number * BETWEEN
        channel = source.randrange(CHANNELS)
        yield channel, {
            "id": number, "type": "message", "date": time_text(moment), "date_unixtime": str(moment),
            "from": f"Канал {channel}", "from_id": f"channel{1_800_000_000 + channel}", "text": text,
            "text_entities": [{"type": "plain", "text": text}],
        }  # fmt: skip


def time_text(moment: int) -> str:
    """Local time as Desktop writes it; readers use the Unix time beside it."""
    day, rest = divmod(moment - START, 86_400)
    return f"2026-01-{1 + day % 28:02d}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def write_export(path: Path, count: int, *, seed: int = 1) -> Path:
    """An account export with `count` posts; returns its path. Memory holds one channel list of encoded posts."""
    chats: list[list[str]] = [[] for _ in range(CHANNELS)]
    for channel, message in posts(count, seed):
        chats[channel].append(json.dumps(message, ensure_ascii=False))
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{"about": "", "chats": {"about": "", "list": [')
        for channel, messages in enumerate(chats):
            head = {"name": f"Канал {channel}", "type": "public_channel", "id": 1_800_000_000 + channel}
            stream.write(("," if channel else "") + json.dumps(head, ensure_ascii=False)[:-1] + ', "messages": [')
            stream.write(",\n".join(messages))
            stream.write("]}")
        stream.write("]}}")
    return path
