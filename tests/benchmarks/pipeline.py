"""The pipeline's figures: throughput, CPU per message and per hop, memory, rebuild, start.

Everything is durable and real (nats-server, Postgres, all six services); only the model answers at once. CPU per
message is the steady figure on a shared machine, wall time the other.

    ./taskw bench:pipeline                    # all figures
    ./taskw bench:pipeline -- --messages 5000 --repeats 3 --skip memory
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from processes import Finished, commit, run_measured, seconds_until
from rebuild import rebuild_rates
from services_alone import cpu_per_hop
from workload import write_export

TG_PARSER = str(Path(sys.executable).with_name("tg-parser"))
TARGETS = {
    "messages_per_s": "at least 300",
    "cpu_ms_per_message": "at most 3",
    "memory_peak_mb": "under 700",
    "rebuild_events_per_s": "at least 3,000",
    "start_s": "under 5",
}


def pipeline_run(export: Path, folder: Path) -> Finished:
    """One whole run in one process, on an empty data directory."""
    command = [
        TG_PARSER,
        "run",
        str(export),
        "--out",
        str(folder / "out"),
        "--data-dir",
        str(folder / "data"),
        "--provider",
        "instant",
        "--json",
    ]
    finished = run_measured(command)
    if finished.code != 0:
        raise SystemExit(f"The run failed with code {finished.code}:\n{finished.output[-4000:]}")
    return finished


def throughput(messages: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Medians over `repeats`; what starting and stopping costs is measured with one message and taken off."""
    export = write_export(folder / f"export-{messages}.json", messages)
    single = write_export(folder / "export-1.json", 1)
    overhead = statistics.median(pipeline_run(single, fresh(folder, f"single-{at}")).cpu_s for at in range(repeats))
    rates: list[float] = []
    cpu: list[float] = []
    for at in range(repeats):
        finished = pipeline_run(export, fresh(folder, f"run-{at}"))
        summary = json.loads(finished.output)
        rates.append(messages / summary["seconds"])
        cpu.append((finished.cpu_s - overhead) / messages * 1000)
    return {
        "messages": messages,
        "messages_per_s": round(statistics.median(rates), 1),
        "messages_per_s_all": [round(rate, 1) for rate in rates],
        "cpu_ms_per_message": round(statistics.median(cpu), 3),
        "cpu_ms_per_message_all": [round(value, 3) for value in cpu],
        "start_and_stop_cpu_s": round(overhead, 2),
    }


def per_hop(messages: int, folder: Path) -> dict[str, float]:
    """CPU in milliseconds per message, of each process."""
    export = write_export(folder / f"hops-{messages}.json", messages)
    spent = uvloop.run(cpu_per_hop(fresh(folder, "hops"), export))
    return {name: round(seconds / messages * 1000, 3) for name, seconds in spent.items()}


def memory(sizes: list[int], folder: Path) -> dict[str, Any]:
    """The whole tree's memory for runs of several sizes: the highest peak, and how each run went."""
    runs = {str(messages): memory_of(messages, folder) for messages in sizes}
    return {"memory_peak_mb": max(run["peak_mb"] for run in runs.values()), "runs": runs}


def memory_of(messages: int, folder: Path) -> dict[str, Any]:
    """Peak of one run, and its memory at each fifth of its time: where it is flat, it does not grow with the messages."""
    export = write_export(folder / f"memory-{messages}.json", messages)
    finished = pipeline_run(export, fresh(folder, f"memory-{messages}"))
    samples = [megabytes for _, megabytes in finished.memory]
    return {
        "peak_mb": round(finished.peak_mb),
        "over_time_mb": [round(samples[len(samples) * part // 5]) for part in range(5)] if samples else [],
        "seconds": json.loads(finished.output)["seconds"],
    }


def fresh(folder: Path, name: str) -> Path:
    """An empty folder."""
    path = folder / name
    path.mkdir()
    return path


def start(folder: Path) -> float:
    """Seconds until `up` is ready, second run."""
    command = [TG_PARSER, "up", "--data-dir", str(folder / "start"), "--port", "0"]
    seconds_until(command, "ready at")
    return round(statistics.median(seconds_until(command, "ready at") for _ in range(3)), 2)


def report(console: Console, figures: dict[str, Any]) -> None:
    """The table."""
    table = Table(title=f"Pipeline at {figures['commit']}, {figures['machine']}")
    for heading in ("figure", "measured", "target"):
        table.add_column(heading)
    for name, target in TARGETS.items():
        found = next((part[name] for part in figures.values() if isinstance(part, dict) and name in part), None)
        if found is not None:
            table.add_row(name, f"{found:,}", target)
    for name, value in figures.get("per_hop_cpu_ms", {}).items():
        table.add_row(
            f"  {name}" + (" (ms wall/message)" if name == "wall" else " (ms CPU/message)"), f"{value:.3f}", ""
        )
    for messages, run in figures.get("memory", {}).get("runs", {}).items():
        table.add_row(f"  memory at {int(messages):,} messages, MB", f"{run['peak_mb']:,}", f"{run['over_time_mb']}")
    console.print(table)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--memory-messages", type=int, nargs="+", default=[10_000, 30_000, 50_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--skip", action="append", default=[], choices=["throughput", "hops", "memory", "rebuild", "start"]
    )
    parser.add_argument("--output", type=Path, default=Path("bench-results/pipeline.json"))
    options = parser.parse_args()
    figures: dict[str, Any] = {
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}",
        "model": "instant, in process",
    }
    with tempfile.TemporaryDirectory(prefix="tg-parser-bench-") as name:
        folder = Path(name)
        if "throughput" not in options.skip:
            figures["throughput"] = throughput(options.messages, options.repeats, folder)
        if "hops" not in options.skip:
            figures["per_hop_cpu_ms"] = per_hop(options.messages, folder)
        if "rebuild" not in options.skip and "throughput" not in options.skip:
            rates = uvloop.run(rebuild_rates(folder / "run-0" / "data"))
            slowest = min(rates.values())
            figures["rebuild"] = {
                "rebuild_events_per_s": round(slowest),
                **{key: round(value) for key, value in rates.items()},
            }
        if "start" not in options.skip:
            figures["start"] = {"start_s": start(folder)}
        if "memory" not in options.skip:
            figures["memory"] = memory(options.memory_messages, folder)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", "utf-8")
    report(Console(), figures)
    Console().print(f"written to {options.output}", highlight=False)


if __name__ == "__main__":
    main()
