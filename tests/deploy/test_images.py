from __future__ import annotations

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import requires

import pytest
from deployed import ROOT, SERVICES, compose
from packaging.requirements import Requirement

DOCKER = ROOT / "deploy" / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")
DEPLOYABLES = {**{service: f"services/{service}" for service in SERVICES}, "cli": "cli"}


@pytest.mark.parametrize(("service", "member"), DEPLOYABLES.items())
def test_everything_an_image_is_made_of_exists(service: str, member: str) -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert len(sources) >= 6
    for source in sources:
        assert (ROOT / source.replace("${MEMBER}", member)).exists(), source
    assert (ROOT / member / "src" / "tg_parser" / service / "__main__.py").is_file()


def test_the_build_sees_what_it_copies() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert {"requirements.lock", "services", "cli", "deploy/docker/healthcheck.py"} <= let_in
    libraries = set(re.findall(r"\./(libs/\w+)", DOCKERFILE))
    assert {"libs/contracts", "libs/chassis", "libs/llm", "libs/rendering"} == libraries
    assert libraries <= let_in


def test_the_tools_that_build_are_all_pinned_in_the_workspace_lock() -> None:
    named = re.search(r"/\^\(([\w|-]+)\)==/", DOCKERFILE)
    assert named
    tools = set(named[1].split("|"))
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    wanted = {
        requirement.name for text in requires("hatchling") or () if (requirement := Requirement(text)).marker is None
    }
    assert {"hatchling", *wanted} <= tools
    assert tools - {"tomlkit"} <= pinned  # newer versions of hatchling want it; named for them, it may be absent


def test_nothing_is_installed_unchecked_and_nothing_runs_as_root() -> None:
    installs = re.findall(r"pip[^\n]* install ([^\n\\]+)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--require-hashes" in install or "--no-index" in install for install in installs)
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10001"]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@contextmanager
def answering() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def check(path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DOCKER / "healthcheck.py"), path]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("service", "variable"), [("processor", "TG_PROCESSOR__HEALTH_PORT"), ("gateway", "TG_GATEWAY__PORT")]
)
def test_the_health_check_says_what_the_service_says(service: str, variable: str) -> None:
    with answering() as port:
        environment = {"SERVICE": service, variable: str(port)}
        assert check("livez", **environment).returncode == 0
        assert check("readyz", **environment).returncode == 1
    gone = check("livez", **environment)
    assert gone.returncode == 1
    assert f"does not answer on port {port}" in gone.stderr


def test_a_service_nobody_can_ask_is_not_called_well() -> None:
    asked = check("livez", SERVICE="processor")
    assert asked.returncode == 1
    assert "TG_PROCESSOR__HEALTH_PORT is not set" in asked.stderr


def test_every_container_is_asked_how_it_is_but_for_one_that_ends_and_one_that_cannot_be() -> None:
    unasked = {name for name, found in compose()["services"].items() if found["healthcheck"] == {"disable": True}}
    assert unasked == {"provision", "collector"}
    for name in set(compose()["services"]) - unasked:
        assert compose()["services"][name]["healthcheck"]["test"][0] == "CMD", name


def test_the_broker_understands_its_configuration() -> None:
    server = shutil.which("nats-server", path=f"{sys.prefix}/bin")
    assert server, "nats-server is part of the environment and is missing."
    done = subprocess.run(
        [server, "-t", "-c", str(ROOT / "deploy" / "compose" / "nats.conf")],
        env={**os.environ, "NATS_PASSWORD": "secret"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
