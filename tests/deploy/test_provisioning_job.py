from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.servers


def run_job(url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TG_NATS__URL": url, "TG_NATS__CONNECT_TIMEOUT_S": "2"}
    command = [sys.executable, "-m", "tg_parser.chassis.provisioning_job"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_job_provisions_and_running_it_again_changes_nothing(nats_url: str) -> None:
    for _ in range(2):
        done = run_job(nats_url)
        assert done.returncode == 0, done.stderr
        assert '"corrected": 0' in done.stderr


def test_without_a_server_the_job_fails_in_a_sentence() -> None:
    done = run_job("nats://127.0.0.1:1")
    assert done.returncode == 1
    assert "No NATS server answered" in done.stderr
