from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
OURS = ("tg_parser.chassis.metrics", "tg_parser.llm.metered", "tg_parser.gateway.api")


def dashboard() -> dict[str, Any]:
    return dict(json.loads((GRAFANA / "dashboards" / "tg-parser.json").read_text("utf-8")))


def rules() -> list[dict[str, Any]]:
    return list(yaml.safe_load((GRAFANA / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"])


def expressions() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [
        expression.replace("$__rate_interval", "1m") for expression in [*panels, *(rule["expr"] for rule in rules())]
    ]


def known_metrics() -> set[str]:
    for module in OURS:
        import_module(module)
    names: set[str] = set()
    for metric in REGISTRY.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(metric.type, [""])
        names |= {metric.name + suffix for suffix in suffixes}
    return names


def test_the_committed_dashboard_is_what_its_code_makes() -> None:
    done = subprocess.run(
        [sys.executable, str(GRAFANA / "dashboards.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_expression_parses_and_asks_for_metrics_that_the_code_has() -> None:
    known = known_metrics()
    assert len(expressions()) >= 17
    for expression in expressions():
        promql_parser.parse(expression)
        used = set(re.findall(r"\btg_[a-z0-9_]+", expression))
        assert used, expression
        assert used <= known, used - known


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place.get("x", 0) + x, place.get("y", 0) + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_ask_a_source_that_is_provisioned() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "datasources.yaml").read_text("utf-8"))[
        "datasources"
    ]
    assert {panel["datasource"]["uid"] for panel in dashboard()["panels"]} <= {source["uid"] for source in sources}


def test_there_are_five_alerts_each_with_a_runbook_that_says_what_to_do() -> None:
    assert len(rules()) == 5
    for rule in rules():
        runbook = (ROOT / rule["annotations"]["runbook"]).read_text("utf-8")
        assert runbook.startswith(f"# {rule['alert']}\n")
        assert "**What to do.**" in runbook


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)")
def test_promtool_accepts_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(GRAFANA / "alerts.yaml")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
