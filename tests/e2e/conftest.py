"""The whole system as a user starts it: one process by the command line, or one process per service by environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from system import ManyProcesses, OneProcess, Runner


@pytest.fixture(params=[OneProcess, ManyProcesses], ids=["one-process", "many-processes"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Both ways to run it; every test that takes this passes both ways."""
    return request.param(tmp_path)


@pytest.fixture
def one_process(tmp_path: Path) -> OneProcess:
    """The command line alone."""
    return OneProcess(tmp_path)
