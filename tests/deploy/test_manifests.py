from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
from deployed import CHART, SERVICES, VALUES, manifests
from helm_python.chart import Chart, lint
from helm_python.errors import HelmError


def of_kind(kind: str, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in manifests(values) if found["kind"] == kind}


@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_would_accept_every_object_and_each_has_a_name_of_its_own(name: str) -> None:
    found = manifests(VALUES[name])
    for manifest in found:
        kubernetes_validate.validate(manifest, "1.33", strict=True)
    identities = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in found]
    assert len(set(identities)) == len(identities)
    assert set(of_kind("Deployment", VALUES[name])) == {f"tg-{service}" for service in SERVICES}


def test_a_misspelt_field_would_be_noticed() -> None:
    broken = next(iter(of_kind("Deployment", {}).values()))
    broken["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.33", strict=True)


@pytest.mark.parametrize("name", VALUES)
def test_the_linter_of_helm_has_nothing_to_say(name: str) -> None:
    report = lint(CHART, VALUES[name], strict=True)
    assert report["errors"] == []
    assert [found["error"] for found in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_every_pod_may_run_where_only_restricted_ones_may(kind: str) -> None:
    for name, found in of_kind(kind, {}).items():
        pod = found["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name


def test_what_runs_twice_may_be_disturbed_once_and_what_runs_once_not_be_held() -> None:
    replicas = {name: found["spec"]["replicas"] for name, found in of_kind("Deployment", {}).items()}
    assert set(of_kind("PodDisruptionBudget", {})) == {name for name, count in replicas.items() if count > 1}
    assert of_kind("PodDisruptionBudget", VALUES["smallest"]) == {}


def test_streams_are_made_before_services_start() -> None:
    job = of_kind("Job", {})["tg-provision"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_the_service_of_the_gateway_finds_its_pods() -> None:
    selector = of_kind("Service", {})["tg-gateway"]["spec"]["selector"]
    labels = of_kind("Deployment", {})["tg-gateway"]["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()


def test_the_policies_hold_for_every_pod_and_only_processors_and_the_ingestor_reach_the_world() -> None:
    policies = of_kind("NetworkPolicy", {})
    everybody = policies["tg"]["spec"]
    for kind in ("Deployment", "Job"):
        for found in of_kind(kind, {}).values():
            assert (
                everybody["podSelector"]["matchLabels"].items()
                <= found["spec"]["template"]["metadata"]["labels"].items()
            )
    assert set(everybody["policyTypes"]) == {"Ingress", "Egress"}
    world = [found for found in policies.values() if 443 in _ports(found)]
    assert {found["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for found in world} == {
        "processor",
        "ingestor",
    }


def test_sessions_are_mounted_for_the_ingestor_alone_and_only_to_be_read() -> None:
    for name, found in of_kind("Deployment", VALUES["production"]).items():
        pod = found["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        variables = {variable["name"]: variable for variable in container["env"]}
        assert ("sessions" in mounts) == (name == "tg-ingestor"), name
        if name != "tg-ingestor":
            continue
        assert mounts["sessions"]["readOnly"] is True
        assert variables["TG_INGESTOR__SESSIONS"]["value"] == mounts["sessions"]["mountPath"]
        assert variables["TG_INGESTOR__SESSION_KEY"]["valueFrom"]["secretKeyRef"]["key"] == "session-key"
        (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "sessions"]
        assert volume["secret"]["secretName"] == "telegram-sessions"
        assert (found["spec"]["replicas"], found["spec"]["strategy"]) == (1, {"type": "Recreate"})


def _ports(policy: dict[str, Any]) -> set[int]:
    return {port["port"] for rule in policy["spec"].get("egress", []) for port in rule["ports"]}


@pytest.mark.parametrize(
    "values",
    [
        {"services": {"janitor": {"replicas": 1}}},
        {"services": {"ingestor": {"replicas": 2}}},
        {"services": {"ingestor": {"strategy": "RollingUpdate"}}},
        {"nats": {"replicas": 2}},
        {"llm": {"provider": "openai", "model": ""}},
        {"gateway": {"apiKeys": ["not a digest"]}},
        {"telemetry": {"otlpEndpoint": "collector:4318"}},
        {"imagee": {}},
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(HelmError):
        Chart.load(CHART).validate_schema(Chart.load(CHART).merge_values(values))
