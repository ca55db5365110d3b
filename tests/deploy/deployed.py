"""What the chart and the compose file make of the system, as containers with their environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from helm_python.chart import Chart

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "k8s" / "tg-parser"
SERVICES = ("ingestor", "processor", "topicizer", "exporter", "orchestrator", "gateway")
SECRETS = {
    "nats-url": "nats://user:secret@nats:4222",
    "postgres-dsn": "postgresql://user:secret@postgres:5432/tg_parser",
    "openai-api-key": "secret",
    "session-key": "secret",
}
VALUES: dict[str, dict[str, Any]] = {
    "default": {},
    "production": {
        "image": {"repository": "registry.example/tg-parser", "tag": "4.0.0", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "exportsClaim": "exports",
        "resultsClaim": "results",
        "sessionsSecret": "telegram-sessions",
        "telemetry": {"otlpEndpoint": "http://collector:4318", "sampleRatio": 0.01},
        "llm": {"provider": "openai", "model": "gpt-5-nano", "baseUrl": ""},
        "gateway": {"apiKeys": ["a" * 64], "port": 8000},
    },
    "smallest": {
        "nats": {"replicas": 1},
        "services": {"processor": {"replicas": 1}, "gateway": {"replicas": 1}},
    },
}


@dataclass(frozen=True, slots=True)
class Container:
    """A container of ours, wherever it is deployed."""

    where: str
    service: str
    environment: dict[str, str]


def manifests(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object the chart makes of `values`."""
    rendered = Chart.load(CHART).render(values, name="tg", namespace="default")
    texts = [text for path, text in sorted(rendered.items()) if not path.endswith("NOTES.txt")]
    return [found for text in texts for found in yaml.safe_load_all(text) if found]


def compose() -> dict[str, Any]:
    """The compose file."""
    return dict(yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text("utf-8")))


def containers() -> Iterator[Container]:
    """Our containers, in each kind of deployment."""
    for name, values in VALUES.items():
        for manifest in manifests(values):
            for found in manifest.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
                environment = {variable["name"]: _value(variable) for variable in found["env"]}
                yield Container(f"chart, {name}", found["name"], environment)
    for name in (*SERVICES, "provision"):
        yield Container("compose", name, compose()["services"][name]["environment"])


def _value(variable: dict[str, Any]) -> str:
    return variable["value"] if "value" in variable else SECRETS[variable["valueFrom"]["secretKeyRef"]["key"]]
