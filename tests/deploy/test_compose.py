from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from settings_names import environment_names

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
SERVICES = ("ingestor", "processor", "topicizer", "exporter", "orchestrator", "gateway")
OF_OTHERS = re.compile(r"^(NATS_PASSWORD|POSTGRES_|GF_)")


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8")))


def test_every_service_of_the_system_is_there_with_its_surroundings() -> None:
    assert set(compose()["services"]) == {
        *SERVICES,
        "provision",
        "nats",
        "postgres",
        "collector",
        "jaeger",
        "prometheus",
        "grafana",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_built_for_itself_and_waits_for_its_servers(service: str) -> None:
    found = compose()["services"][service]
    assert found["build"]["args"] == {"SERVICE": service}
    assert found["depends_on"]["provision"] == {"condition": "service_completed_successfully"}
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]


def test_every_environment_variable_of_our_services_is_a_setting() -> None:
    known = environment_names()
    for name in (*SERVICES, "provision"):
        used = set(compose()["services"][name]["environment"])
        assert used <= known, (name, used - known)


def test_ports_are_open_to_this_machine_alone() -> None:
    for name, found in compose()["services"].items():
        for port in found.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_every_container_has_a_memory_limit() -> None:
    for name, found in compose()["services"].items():
        assert found["deploy"]["resources"]["limits"]["memory"], name


def test_files_that_are_mounted_exist() -> None:
    created = {"./exports", "./results"}  # made by the engine, or by hand, on the machine it runs on
    for name, found in compose()["services"].items():
        for volume in found.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and source not in created:
                assert (COMPOSE / source).exists(), (name, source)


def test_secrets_come_from_the_environment_and_the_example_holds_none() -> None:
    text = (COMPOSE / "compose.yaml").read_text("utf-8")
    assert "change-me" not in text
    variables = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = dict(
        line.split("=", 1)
        for line in (COMPOSE / "example.env").read_text("utf-8").splitlines()
        if "=" in line and line[0] != "#"
    )
    assert variables == set(example)
    assert set(example.values()) <= {"change-me", "local", "", "[]"}


def test_the_dockerfile_copies_what_exists_and_runs_as_nobody_special() -> None:
    text = (ROOT / "deploy" / "docker" / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)
    assert copied
    for service in SERVICES:
        for source in copied:
            assert (ROOT / source.replace("${MEMBER}", f"services/{service}")).exists(), source
        assert (ROOT / "services" / service / "src" / "tg_parser" / service / "__main__.py").exists()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "HEALTHCHECK" in text


def test_the_scraper_asks_every_service() -> None:
    targets = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text("utf-8"))["scrape_configs"][0]["static_configs"][
        0
    ]["targets"]
    assert set(targets) == {f"{service}:8080" for service in SERVICES}
