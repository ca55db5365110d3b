from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from commands import command, up
from system import SAMPLE, OneProcess, requested

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


async def test_up_serves_the_gateway_and_the_other_commands_find_it(one_process: OneProcess, tmp_path: Path) -> None:
    data = str(one_process.data)
    roots = ("--import-root", str(SAMPLE.parent), "--export-root", str(tmp_path))
    async with up(one_process.data, *roots, TG_INGESTOR__ERASURE_SETTLE_S="0.1") as url:
        status = await requested(url, SAMPLE, one_process.out)
        assert status["state"] == "completed"
        code, stdout, _ = await command("status", "--data-dir", data, "--json")
        assert (code, json.loads(stdout)["health"]["status"]) == (0, "ok")
        code, stdout, _ = await command("workflows", "list", "--data-dir", data, "--json")
        assert [entry["id"] for entry in json.loads(stdout)] == [status["id"]]
        code, stdout, _ = await command("workflows", "show", status["id"], "--data-dir", data, "--json")
        assert json.loads(stdout)["state"] == "completed"
        code, stdout, stderr = await command("export", "--out", str(tmp_path / "again"), "--data-dir", data, "--json")
        assert code == 0, stderr
        assert (tmp_path / "again" / "kb_entries.ndjson").read_bytes() == (
            one_process.out / "kb_entries.ndjson"
        ).read_bytes()
        ref = json.loads((tmp_path / "again" / "kb_entries.ndjson").read_text("utf-8").splitlines()[0])["source"][
            "source_ref"
        ]
        code, _, stderr = await command("erase", ref, "--data-dir", data)
        assert (code, "no way back" in stderr) == (1, True)
        code, stdout, stderr = await command("erase", ref, "--yes", "--data-dir", data, "--json")
        assert (code, json.loads(stdout)["erased"]) == (0, 1), stderr


async def test_workflows_can_be_asked_for_when_nothing_runs(one_process: OneProcess) -> None:
    code, stdout, stderr = await command("workflows", "list", "--data-dir", str(one_process.data), "--json")
    assert (code, json.loads(stdout)) == (0, []), stderr
    code, _, stderr = await command("workflows", "show", "no-such", "--data-dir", str(one_process.data))
    assert code == 1
    assert "no-such" in stderr
    assert "Traceback" not in stderr


async def test_status_says_when_nothing_runs(one_process: OneProcess) -> None:
    code, stdout, _ = await command("status", "--data-dir", str(one_process.data))
    assert code == 1
    assert "tg-parser up" in stdout


async def test_a_provider_without_its_key_is_a_usage_error_before_anything_starts(one_process: OneProcess) -> None:
    one_process.arguments = ("--provider", "openai", "--model", "gpt-5-nano")
    outcome = await one_process.run(SAMPLE)
    assert outcome.code == 2
    assert "api_key" in outcome.stderr or "OPENAI_API_KEY" in outcome.stderr
    assert "Traceback" not in outcome.stderr


async def test_ports_that_others_listen_on_do_not_matter(one_process: OneProcess) -> None:
    sockets = []
    for port in (4222, 5432, 8000):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue  # somebody listens there already, which is just as good
        listener.listen()
        sockets.append(listener)
    try:
        outcome = await one_process.run(SAMPLE)
    finally:
        for listener in sockets:
            listener.close()
    assert outcome.code == 0, outcome.stderr


async def test_nothing_of_a_run_is_left_running(one_process: OneProcess) -> None:
    await one_process.run(SAMPLE)
    assert processes_naming(one_process.data) == []


def processes_naming(folder: Path) -> list[Path]:
    return [entry for entry in Path("/proc").glob("[0-9]*") if str(folder) in cmdline(entry)]


def cmdline(process: Path) -> str:
    try:
        return (process / "cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""
