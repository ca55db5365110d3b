"""The dashboard as code: `python deploy/grafana/dashboards.py` writes `dashboards/tg-parser.json`, `--check` compares it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import GridPos

TARGET: Final = Path(__file__).parent / "dashboards" / "tg-parser.json"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
WIDTH, HEIGHT = 12, 8  # of a panel, in cells of Grafana's grid, which has 24 columns

Query = tuple[str, str]
"""An expression, and what its lines are called."""
Lines = tuple[str, str, tuple[Query, ...]]
"""A panel: its title, the unit of its values, and what it draws."""


def rate(metric: str, by: str) -> str:
    """A counter's increase per second, by labels."""
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def quantile(of: float, histogram: str, by: str) -> Query:
    """A quantile of a histogram, by a label."""
    buckets = rate(f"{histogram}_bucket", f"le, {by}")
    return f"histogram_quantile({of}, {buckets})", f"{{{{{by}}}}} p{round(of * 100)}"


DURATIONS: Final = "tg_job_duration_seconds"
SPENT: Final = "sum by (model) (rate(tg_llm_cost_micros_total[1h])) * 3600 / 1e6"
BURIED: Final = "sum by (kind, error_class) (increase(tg_dlq_messages_total[1h]))"
PANELS: Final[tuple[Lines, ...]] = (
    ("Facts told per second", "ops", ((rate("tg_facts_total", "type"), "{{type}}"),)),
    ("Jobs settled per second", "ops", ((rate("tg_jobs_total", "kind, outcome"), "{{kind}} {{outcome}}"),)),
    ("Jobs in hand", "short", (("sum by (kind) (tg_jobs_inflight)", "{{kind}}"),)),
    ("Time per job", "s", (quantile(0.5, DURATIONS, "kind"), quantile(0.95, DURATIONS, "kind"))),
    ("Facts not yet folded", "short", (("max by (projection) (tg_projection_lag_events)", "{{projection}}"),)),
    ("From fact to row", "s", (quantile(0.95, "tg_e2e_seconds", "projection"),)),
    (
        "Model calls per second",
        "ops",
        ((rate("tg_llm_requests_total", "provider, model, status"), "{{model}} {{status}}"),),
    ),
    ("Tokens per second", "short", ((rate("tg_llm_tokens_total", "model, direction"), "{{model}} {{direction}}"),)),
    ("Cost per hour", "currencyUSD", ((SPENT, "{{model}}"),)),
    ("Dead letters", "short", ((BURIED, "{{kind}} {{error_class}}"),)),
    ("Ready", "short", (("min by (service) (tg_ready)", "{{service}}"),)),
    ("Requests per second", "reqps", ((rate("tg_http_requests_total", "route, status"), "{{route}} {{status}}"),)),
)


def panel(number: int, lines: Lines) -> Panel:
    """A panel in its place: two stand in a row."""
    title, unit, queries = lines
    place = GridPos(h=HEIGHT, w=WIDTH, x=number % 2 * WIDTH, y=number // 2 * HEIGHT)
    built = Panel().id(number + 1).title(title).datasource(SOURCE).unit(unit).grid_pos(place)
    for expression, legend in queries:
        built = built.with_target(Dataquery().expr(expression).legend_format(legend))
    return built


def dashboard() -> str:
    """The dashboard as the JSON that Grafana reads."""
    board = Dashboard("TG_parser").uid("tg-parser").tags(["tg-parser"]).timezone("browser")
    board = board.time("now-1h", "now").refresh("30s")
    for number, lines in enumerate(PANELS):
        board = board.with_panel(panel(number, lines))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def main() -> int:
    """Write or compare the file; the exit code: 1 if it is not what this program would write."""
    parser = argparse.ArgumentParser(description="The dashboard as code.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    wanted = dashboard()
    if not parser.parse_args().check:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{TARGET.name} is not what dashboards.py makes: run it, and commit what it writes.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
