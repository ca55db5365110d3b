"""Imports of exports: posts from a file to facts in the log, with the memory of the ingestor and of the process that parses.

Everything is durable and real: nats-server, Postgres with the ingestor's tables, the ingestor as its own process. The clock runs
from the job's publication to IngestCompleted. CPU per post is the steady figure on a shared machine, wall time the other.

    ./taskw bench:imports                          # 100,000 posts of JSON, 20,000 of HTML
    ./taskw bench:imports -- --skip html --gigabytes 1      # also one large file, for its memory
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import psutil
import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from processes import MEGABYTE, commit, cpu_seconds, tree
from workload import START, posts, write_export

from tg_parser.chassis.chassis import Chassis, open_chassis
from tg_parser.chassis.embedded import embedded_servers
from tg_parser.chassis.settings import NatsSettings, PostgresSettings, TelemetrySettings
from tg_parser.contracts import subjects
from tg_parser.contracts.codec import encode
from tg_parser.contracts.envelope import Envelope
from tg_parser.contracts.jobs import IngestSource
from tg_parser.contracts.messages import IngestCompleted, IngestRefused, SourceSpec

TARGETS = {
    "json_posts_per_s": "at least 4,000",
    "html_posts_per_s": "at least 1,500",
    "json_peak_rss_mb": "under 250",
    "html_peak_rss_mb": "under 250",
    "large_json_peak_rss_mb": "under 250",
}
ON_PAGE = 1000
LONG = 2400  # characters added to each post of the large file


@dataclass(frozen=True, slots=True)
class Import:
    """One import, measured."""

    posts: int
    wall_s: float
    cpu_s: dict[str, float]
    peak_rss_mb: float


def write_html(folder: Path, count: int) -> Path:
    """The posts of the workload as the pages of one channel."""
    folder.mkdir()
    texts = [str(message["text"]) for _, message in posts(count, 1)]
    for page in range(0, count, ON_PAGE):
        name = f"messages{page // ON_PAGE + 1 if page else ''}.html"
        rows = "".join(_html_post(page + at + 1, text) for at, text in enumerate(texts[page : page + ON_PAGE]))
        head = '<html><head><link href="css/style.css"/></head><body><div class="page_wrap"><div class="page_header">'
        title = '<div class="content"><div class="text bold">\nКанал\n</div></div></div><div class="history">'
        (folder / name).write_text(f"<!DOCTYPE html>{head}{title}{rows}</div></div></body></html>", "utf-8")
    return folder


def _html_post(number: int, text: str) -> str:
    stamp = datetime.fromtimestamp(START + number * 60, UTC).strftime("%d.%m.%Y %H:%M:%S UTC+00:00")
    first, _, rest = text.partition(" ")
    link = f'<a href="https://news.example/{number}">подробнее</a>'
    return (
        f'\n\n<div class="message default clearfix" id="message{number}">\n\n <div class="pull_left userpic_wrap">\n\n'
        f'  <div class="userpic userpic5" style="width: 42px; height: 42px">\n\n   <div class="initials">\nК\n   </div>\n\n'
        f'  </div>\n\n </div>\n\n <div class="body">\n\n  <div class="pull_right date details" title="{stamp}">\n00:00\n  </div>\n\n'
        f'  <div class="from_name">\nКанал \n  </div>\n\n  <div class="text">\n<strong>{escape(first)}</strong> {escape(rest)}<br>{link}\n'
        f"  </div>\n\n </div>\n\n</div>\n\n"
    )


def write_large(path: Path, size: int) -> int:
    """A single-chat export of `size` bytes; returns its posts."""
    filler = "".join(chr(0x430 + at * 7 % 32) if at % 6 else " " for at in range(LONG))
    written = number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write('{"name": "Канал", "type": "public_channel", "id": 1800000009, "messages": [\n')
        while written < size:
            number += 1
            text = f"{number} {filler}"
            entities = [{"type": "plain", "text": text}]
            moment = str(START + number * 60)
            row = {"id": number, "type": "message", "date_unixtime": moment, "text": text, "text_entities": entities}
            line = ("" if number == 1 else ",\n") + json.dumps(row, ensure_ascii=False)
            written += len(line.encode())
            file.write(line)
        file.write("]}")
    return number


@contextlib.asynccontextmanager
async def ingestor(environment: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """The ingestor as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tg_parser.ingestor", env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def measured(folder: Path, spec: SourceSpec) -> Import:
    """One import on empty servers, after a small one that warms everything up."""
    async with embedded_servers(folder / "data") as endpoints:
        nats, postgres = SecretStr(endpoints.nats_url), SecretStr(endpoints.postgres_dsn)
        environment = {
            **os.environ,
            "TG_NATS__URL": endpoints.nats_url,
            "TG_POSTGRES__DSN": endpoints.postgres_dsn,
            "TG_INGESTOR__IMPORT_ROOTS": json.dumps([str(folder.parent)]),
        }
        settings = NatsSettings(url=nats), PostgresSettings(dsn=postgres), TelemetrySettings()
        async with (
            open_chassis("bench", nats=settings[0], postgres=settings[1], telemetry=settings[2]) as chassis,
            ingestor(environment) as process,
        ):
            warm = write_export(folder / "warm.json", 50)
            await finished(chassis, SourceSpec(kind="td_json", location=str(warm)), "warm")
            watched = {"ingestor": process} | {one.name: psutil.Process(one.pid) for one in endpoints.servers}
            before = {name: cpu_seconds(one) for name, one in watched.items()}
            sampling = asyncio.create_task(peak_rss(process))
            began = time.perf_counter()
            end = await finished(chassis, spec, "measured")
            wall = time.perf_counter() - began
            spent = {name: cpu_seconds(one) - before[name] for name, one in watched.items()}
            sampling.cancel()
            return Import(end.expected, wall, spent, await sampling)


async def peak_rss(process: psutil.Process) -> float:
    """The most memory the ingestor and its processes have held together, pages they share counted for each of them."""
    peak = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            total = 0
            for one in tree(process):
                with contextlib.suppress(psutil.NoSuchProcess):
                    name = " ".join(one.cmdline())
                    total += 0 if "resource_tracker" in name else one.memory_info().rss
            peak = max(peak, total / MEGABYTE)
            await asyncio.sleep(0.2)
    return peak


async def finished(chassis: Chassis, spec: SourceSpec, workflow_id: str) -> IngestCompleted:
    """Ask for an import and wait for its end."""
    job = IngestSource(workflow_id=workflow_id, source=spec)
    now = chassis.clock()
    envelope = Envelope(
        id=f"job-{workflow_id}", type=job.wire_type(), source="bench", time=now, workflow_id=workflow_id
    )
    before = await chassis.log.last_seq(subjects.FACTS)
    subject = subjects.job_subject(IngestSource, "interactive", workflow_id)
    await chassis.publisher.publish(subject, encode(job), envelope.headers())
    while True:
        for kind in (IngestCompleted, IngestRefused):
            found = await chassis.log.read_range(
                subjects.FACTS, subjects.fact_filter(kind), from_seq=before + 1, limit=1
            )
            if found and isinstance(found[0].message, IngestCompleted):
                return found[0].message
            if found:
                raise SystemExit(f"The import was refused: {found[0].message}")
        await asyncio.sleep(0.1)


def figures_of(name: str, runs: list[Import]) -> dict[str, Any]:
    """Medians over the runs."""
    names = sorted(runs[0].cpu_s)
    return {
        f"{name}_posts": runs[0].posts,
        f"{name}_posts_per_s": round(statistics.median(run.posts / run.wall_s for run in runs)),
        f"{name}_posts_per_s_all": [round(run.posts / run.wall_s) for run in runs],
        f"{name}_peak_rss_mb": round(max(run.peak_rss_mb for run in runs)),
        f"{name}_cpu_us_per_post": {
            one: round(statistics.median(run.cpu_s[one] / run.posts for run in runs) * 1e6, 1) for one in names
        },
    }


def report(console: Console, figures: dict[str, Any]) -> None:
    """The table."""
    table = Table(title=f"Imports at {figures['commit']}, {figures['machine']}")
    for heading in ("figure", "measured", "target"):
        table.add_column(heading)
    for name, value in figures.items():
        if isinstance(value, dict):
            for process, spent in value.items():
                table.add_row(f"  {name}: {process}", f"{spent:,}", "")
        elif isinstance(value, int):
            table.add_row(name, f"{value:,}", TARGETS.get(name, ""))
    console.print(table)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json-posts", type=int, default=100_000)
    parser.add_argument("--html-posts", type=int, default=20_000)
    parser.add_argument("--gigabytes", type=float, default=0.0, help="size of a large JSON file; 0: none")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip", action="append", default=[], choices=["json", "html"])
    parser.add_argument("--output", type=Path, default=Path("bench-results/imports.json"))
    options = parser.parse_args()
    figures: dict[str, Any] = {
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}",
    }
    with tempfile.TemporaryDirectory(prefix="tg-parser-bench-") as name:
        folder = Path(name)

        def runs(spec: SourceSpec, repeats: int) -> list[Import]:
            found: list[Import] = []
            for _ in range(repeats):
                with tempfile.TemporaryDirectory(dir=folder) as room:
                    found.append(uvloop.run(measured(Path(room), spec)))
            return found

        if "json" not in options.skip:
            path = write_export(folder / "result.json", options.json_posts)
            figures |= figures_of("json", runs(SourceSpec(kind="td_json", location=str(path)), options.repeats))
        if "html" not in options.skip:
            path = write_html(folder / "html", options.html_posts)
            spec = SourceSpec(kind="td_html", location=str(path), channel_id="1800000009")
            figures |= figures_of("html", runs(spec, options.repeats))
        if options.gigabytes:
            path = folder / "large.json"
            write_large(path, int(options.gigabytes * 1e9))
            figures |= figures_of("large_json", runs(SourceSpec(kind="td_json", location=str(path)), 1))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    report(Console(), figures)
    Console().print(f"written to {options.output}", highlight=False)


if __name__ == "__main__":
    main()
