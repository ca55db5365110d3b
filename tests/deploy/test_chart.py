from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python import Chart
from helm_python.chart import lint
from settings_names import environment_names

CHART = Path(__file__).parents[2] / "deploy" / "k8s" / "tg-parser"
VALUES: dict[str, dict[str, Any]] = {
    "default": {},
    "production": {
        "exportsClaim": "exports",
        "resultsClaim": "results",
        "sessionsSecret": "telegram-sessions",
        "telemetry": {"otlpEndpoint": "http://collector:4318", "sampleRatio": 0.01},
        "llm": {"provider": "openai", "model": "gpt-5-nano", "baseUrl": ""},
        "gateway": {"apiKeys": ["a" * 64], "port": 80},
        "imagePullSecrets": [{"name": "registry"}],
    },
    "single": {"nats": {"replicas": 1}, "services": {"processor": {"replicas": 1, "strategy": "RollingUpdate"}}},
}


def manifests(values: dict[str, Any]) -> list[dict[str, Any]]:
    rendered = Chart.load(str(CHART)).render(values, name="tg", namespace="default")
    text = "\n---\n".join(part for path, part in rendered.items() if not path.endswith("NOTES.txt"))
    return [found for found in yaml.safe_load_all(text) if found]


def containers(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for manifest in found:
        template = manifest.get("spec", {}).get("template")
        if template:
            for container in template["spec"]["containers"]:
                yield manifest["metadata"]["name"], template["spec"], container


@pytest.mark.parametrize("name", VALUES)
def test_the_chart_renders_to_what_kubernetes_accepts(name: str) -> None:
    found = manifests(VALUES[name])
    kinds = [manifest["kind"] for manifest in found]
    assert kinds.count("Deployment") == 6
    assert {"Service", "Job", "NetworkPolicy"} <= set(kinds)
    for manifest in found:
        kubernetes_validate.validate(manifest, "1.33", strict=True)


@pytest.mark.parametrize("name", VALUES)
def test_every_environment_variable_of_a_manifest_is_a_setting(name: str) -> None:
    known = environment_names()
    used = {
        variable["name"] for _, _, container in containers(manifests(VALUES[name])) for variable in container["env"]
    }
    assert used <= known, used - known
    assert {"TG_NATS__URL", "TG_POSTGRES__DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"} <= used


def test_pods_run_with_the_least_privilege() -> None:
    for name, pod, container in containers(manifests({})):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert container["resources"]["limits"]["memory"], name


def test_services_have_probes_and_the_reader_of_sources_never_runs_twice() -> None:
    deployments = {
        manifest["metadata"]["name"]: manifest["spec"] for manifest in manifests({}) if manifest["kind"] == "Deployment"
    }
    for name, spec in deployments.items():
        [container] = spec["template"]["spec"]["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez", name
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz", name
    assert deployments["tg-ingestor"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    "values",
    [{"services": {"janitor": {"replicas": 1, "strategy": "Recreate"}}}, {"nats": {"replicas": 2}}, {"imagee": {}}],
)
def test_values_that_mean_nothing_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"(?i)schema|validat|not allowed|specification"):
        manifests(values)


def test_the_chart_lints_without_errors() -> None:
    assert lint(CHART)["errors"] == []
