"""Renderings of generated posts, read by a CommonMark parser and compared with the entities, character by character.

Half of the posts are as people write, half are hostile; every one follows from its number. What rendering costs is measured
apart, on posts as channels write them: CPU time of one process.

    python tests/benchmarks/rendering.py --posts 100000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "libs/rendering/tests"))

from generated_posts import post
from parsed_markdown import as_shown, differences
from processes import commit
from workload import posts

from tg_parser.contracts.messages import TelegramMessage
from tg_parser.rendering.entities import blocks_of
from tg_parser.rendering.markdown import markdown
from tg_parser.rendering.markdown_blocks import markdown_of
from tg_parser.rendering.plain import plain

TARGETS = {"posts_wrong": "0", "plain_us_bare": "under 20", "markdown_us_bare": "under 50"}
CHUNK = 500
TIMED = 2_000  # messages of each kind
ROUNDS = 5


def wrong_in(chunk: range) -> tuple[list[int], int, int]:
    """The numbers of the posts that read otherwise than Telegram shows them; characters and styled characters compared."""
    wrong, characters, styled = list[int](), 0, 0
    for number in chunk:
        text, entities = post(number)
        shown = as_shown(text, entities)
        characters += len(shown)
        styled += sum(bool(each.styles or each.url) for each in shown)
        if any(differences(text, entities, markdown_of(blocks_of(text, entities)))):
            wrong.append(number)
    return wrong, characters, styled


def compared(count: int, first: int) -> dict[str, Any]:
    """Every post from `first` on, in as many processes as there are cores."""
    chunks = [range(at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        found = list(pool.imap_unordered(wrong_in, chunks))
    wrong = sorted(number for part in found for number in part[0])
    return {
        "posts": count,
        "posts_wrong": len(wrong),
        "characters_compared": sum(part[1] for part in found),
        "of_them_styled": sum(part[2] for part in found),
        "wrong": wrong[:20],
    }


def timed(render: Callable[[TelegramMessage], str], messages: Sequence[TelegramMessage]) -> float:
    """Microseconds of CPU for one message: the median of some rounds."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for message in messages:
            render(message)
        rounds.append((time.process_time() - began) / len(messages) * 1e6)
    return round(statistics.median(rounds), 1)


def costs() -> dict[str, Any]:
    """What both renderings cost, of posts without entities (those of the pipeline's workload) and with some."""
    date = datetime(2026, 3, 1, tzinfo=UTC)
    bare = [
        TelegramMessage(channel_id="1", message_id=number, date=date, text=str(message["text"]))
        for number, (_, message) in enumerate(posts(TIMED, 1), start=1)
    ]
    found = [(number, *post(2 * number + 1)) for number in range(TIMED)]
    styled = [
        TelegramMessage(channel_id="1", message_id=number, date=date, text=text, entities=entities)
        for number, text, entities in found
    ]
    return {
        "bare_characters": round(statistics.mean(len(message.text) for message in bare)),
        "plain_us_bare": timed(plain, bare),
        "markdown_us_bare": timed(markdown, bare),
        "styled_characters": round(statistics.mean(len(message.text) for message in styled)),
        "styled_entities": round(statistics.mean(len(message.entities) for message in styled), 1),
        "plain_us_styled": timed(plain, styled),
        "markdown_us_styled": timed(markdown, styled),
    }


def report(console: Console, figures: dict[str, Any]) -> None:
    """The table."""
    table = Table(title=f"Renderings at {figures['commit']}, {figures['machine']}")
    for heading in ("figure", "measured", "target"):
        table.add_column(heading)
    for name, value in figures.items():
        if isinstance(value, (int, float)):
            table.add_row(name, f"{value:,}", TARGETS.get(name, ""))
    console.print(table)


def main() -> None:
    """Compare and measure; a post that reads otherwise makes it fail."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first post")
    parser.add_argument("--output", type=Path, default=Path("bench-results/rendering.json"))
    options = parser.parse_args()
    figures: dict[str, Any] = {
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}",
        **costs(),
        **compared(options.posts, options.first),
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    report(Console(), figures)
    Console().print(f"written to {options.output}", highlight=False)
    if figures["wrong"]:
        raise SystemExit(f"Read otherwise than shown: posts {figures['wrong']}")


if __name__ == "__main__":
    main()
