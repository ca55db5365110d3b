from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed import ROOT, compose

RULES = ROOT / "deploy" / "grafana" / "alerts.yaml"
CODE = sorted({path for place in ("libs", "services") for path in (ROOT / place).glob("*/src/tg_parser/**/*.py")})
DECLARED = re.compile(r'^(\w+) = (?:Counter|Gauge|Histogram)\(\s*"(\w+)"', re.MULTILINE)


def rules() -> list[dict[str, Any]]:
    return list(yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"])


def moving() -> Iterator[str]:
    """Metrics that some line of the code sets, beside the one that declares them."""
    texts = [path.read_text("utf-8") for path in CODE]
    for text in texts:
        for constant, metric in DECLARED.findall(text):
            if any(re.search(rf"\b{constant}\.(labels|inc|set|observe)\(", other) for other in texts):
                yield metric


def test_alerts_are_about_numbers_that_really_move() -> None:
    known = set(moving())
    assert "tg_jobs_total" in known
    for rule in rules():
        used = set(re.findall(r"\btg_[a-z0-9_]+", rule["expr"]))
        assert used, rule["alert"]
        assert used <= known, used - known


def test_every_runbook_belongs_to_an_alert() -> None:
    written = {path.stem for path in (ROOT / "docs" / "runbooks").glob("Tg*.md")}
    assert written == {rule["alert"] for rule in rules()}


def test_prometheus_and_grafana_are_given_the_rules_and_the_dashboard_of_this_repository() -> None:
    mounted = {name: " ".join(compose()["services"][name]["volumes"]) for name in ("prometheus", "grafana")}
    scraper = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus.yaml").read_text("utf-8"))
    assert f"../grafana/alerts.yaml:{scraper['rule_files'][0]}:ro" in mounted["prometheus"]
    provisioned = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "dashboards.yaml"
    [provider] = yaml.safe_load(provisioned.read_text("utf-8"))["providers"]
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in mounted["grafana"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)")
def test_alerts_ring_when_they_should_and_only_then(tmp_path: Path) -> None:
    def case(alert: str, series: dict[str, str], minute: int, *, rings: bool) -> dict[str, Any]:
        inputs = [{"series": name, "values": values} for name, values in series.items()]
        query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
        samples = [{"labels": "{}", "value": 1}] if rings else []
        return {
            "interval": "1m",
            "input_series": inputs,
            "promql_expr_test": [{"expr": query, "eval_time": f"{minute}m", "exp_samples": samples}],
        }

    first_letter = {'tg_dlq_messages_total{kind="process",error_class="TooLongError"}': "_x20 1x20"}
    steady = {'tg_jobs_total{kind="process",outcome="done"}': "0+60x60"}
    cases = [
        case("TgServiceNotReady", {'tg_ready{service="exporter",instance="a"}': "0x20"}, 5, rings=True),
        case(
            "TgServiceNotReady",
            {'tg_ready{service="exporter",instance="a"}': "0x20", 'tg_ready{service="exporter",instance="b"}': "1x20"},
            5,
            rings=False,
        ),
        case("TgServiceNotReady", {'up{job="tg-parser",instance="exporter:8080"}': "0x20"}, 5, rings=True),
        case("TgDeadLetters", first_letter, 23, rings=True),
        case("TgDeadLetters", {next(iter(first_letter)): "5x60"}, 50, rings=False),
        case(
            "TgProjectionLagging",
            {'tg_projection_lag_events{projection="exporter.entries"}': "20000x40"},
            30,
            rings=True,
        ),
        case(
            "TgJobsHandedBack",
            steady | {'tg_jobs_total{kind="process",outcome="handed_back"}': "0+30x60"},
            40,
            rings=True,
        ),
        case(
            "TgJobsHandedBack",
            steady | {'tg_jobs_total{kind="process",outcome="handed_back"}': "0+3x60"},
            40,
            rings=False,
        ),
        case(
            "TgJobsStuck",
            {'tg_jobs_inflight{kind="process"}': "5x60", 'tg_jobs_total{kind="process",outcome="done"}': "9x60"},
            40,
            rings=True,
        ),
        case("TgJobsStuck", steady | {'tg_jobs_inflight{kind="process"}': "5x60"}, 40, rings=False),
    ]
    file = tmp_path / "alerts.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}), "utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
