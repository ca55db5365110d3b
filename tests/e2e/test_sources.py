"""Sources as a person lives with them: registered, followed, looked at, refused, paused, forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import command, up
from system import GIVE_UP, SAMPLE, OneProcess, attempts

from tg_parser.testkit.preview_server import FakeChannel, FakePreviews, fake_previews, text_post

pytestmark = [pytest.mark.e2e, pytest.mark.servers]


@pytest.fixture
async def site() -> AsyncIterator[FakePreviews]:
    """A t.me of our own."""
    async with fake_previews() as fake:
        yield fake


@pytest.fixture
def environment(site: FakePreviews) -> dict[str, str]:
    return {"TG_INGESTOR__PREVIEW_SITE": site.base_url}


async def shown(data: Path, name: str) -> dict[str, Any]:
    code, stdout, stderr = await command("sources", "show", name, "--data-dir", str(data), "--json")
    assert code == 0, stderr
    return dict(json.loads(stdout))


async def until(url: str, name: str, **expected: object) -> dict[str, Any]:
    """The source, once it stands like that."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.timeout(GIVE_UP):
        async for _ in attempts():
            source = (await client.get(f"/api/v1/sources/{name}")).raise_for_status().json()
            if expected.items() <= source.items():
                return dict(source)
    raise AssertionError


async def settled(url: str, workflow_id: str) -> None:
    """Wait for the end of a workflow."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client, asyncio.timeout(GIVE_UP):
        async for _ in attempts():
            if (await client.get(f"/api/v1/workflows/{workflow_id}")).json()["state"] == "completed":
                return


async def numbers(data: Path, out: Path) -> set[int]:
    """The posts in the knowledge base."""
    code, _, stderr = await command("export", "--out", str(out), "--data-dir", str(data))
    assert code == 0, stderr
    lines = (out / "kb_entries.ndjson").read_text("utf-8").splitlines()
    sources = [json.loads(line)["source"] for line in lines]
    return {int(source["message_id"]) for source in sources if source["type"] == "telegram_message"}


async def test_a_followed_channel_reaches_the_knowledge_base_without_anyone_asking(
    one_process: OneProcess, tmp_path: Path, site: FakePreviews, environment: dict[str, str]
) -> None:
    data = one_process.data
    channel = site.open(FakeChannel("city_news"))
    channel.publish(text_post(number, f"Вода в реке поднялась до {number} сантиметров") for number in range(1, 24))
    async with up(data, "--export-root", str(tmp_path), **environment) as url:
        add = ("sources", "add", "town", "https://t.me/city_news", "--follow", "10", "--data-dir", str(data), "--json")
        code, stdout, stderr = await command(*add)
        assert (code, json.loads(stdout)["spec"]["kind"]) == (0, "web_preview"), stderr
        first = await until(url, "town", state="ready", messages=23)
        assert [entry["title"] for entry in first["channels"]] == ["Городские новости"]
        channel.publish([text_post(24, "Мост закрыт до утра"), text_post(25, "Мост открыт")])
        look = await until(url, "town", state="ready", messages=2)
        await settled(url, look["last_run"])
        assert await numbers(data, tmp_path / "kb") == set(range(1, 26))
        code, stdout, _ = await command("sources", "pause", "town", "--data-dir", str(data), "--json")
        assert (code, json.loads(stdout)["state"]) == (0, "paused")
        assert (await command("sources", "remove", "town", "--data-dir", str(data)))[0] == 0
        code, _, stderr = await command("sources", "show", "town", "--data-dir", str(data))
        assert (code, "town" in stderr) == (1, True)


async def test_what_cannot_be_read_says_why_and_is_left_alone(
    one_process: OneProcess, site: FakePreviews, environment: dict[str, str]
) -> None:
    """Each of them is followed, so that it is looked at without being asked."""
    causes = {"nobody": "not_found", "no_preview": "no_preview", "person": "unsupported", "blocked": "no_preview"}
    kinds: list[Any] = list(causes)
    for kind in kinds:
        site.open(FakeChannel(f"{kind}_news", shown=kind))
    data = str(one_process.data)
    async with up(one_process.data, **environment) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            for kind in kinds:
                place = {"kind": "web_preview", "location": f"{kind}_news"}
                body = {"id": kind, "source": place, "follow_every": 10}
                (await client.post("/api/v1/sources", json=body)).raise_for_status()
        for kind in kinds:
            source = await until(url, kind, state="refused", cause=causes[kind])
            assert source["detail"].endswith(".")
            assert f"{kind}_news" in source["detail"]
        asked = list(site.requests)
        code, _, stderr = await command("ingest", "--source", "nobody", "--data-dir", data)
        assert (code, "nobody_news" in stderr, "Traceback" in stderr) == (1, True, False)
        assert [path for path in site.requests if "nobody" not in path] == [p for p in asked if "nobody" not in p]
        code, stdout, _ = await command("sources", "list", "--data-dir", data)
        assert [name in stdout for name in kinds] == [True] * len(kinds)


async def test_an_export_can_be_a_source_and_is_read_again_at_no_cost(one_process: OneProcess, tmp_path: Path) -> None:
    data = str(one_process.data)
    code, _, stderr = await command("sources", "add", "old", str(SAMPLE.parent), "--data-dir", data)
    assert code == 0, stderr
    ingest = ("ingest", "--source", "old", "--mode", "snapshot", "--data-dir", data, "--json")
    code, stdout, stderr = await command(*ingest, "--out", str(tmp_path / "kb"))
    assert code == 0, stderr
    first = json.loads(stdout)
    code, stdout, stderr = await command(*ingest)
    assert code == 0, stderr
    again = json.loads(stdout)
    assert first["stages"]["process"]["done"] == again["stages"]["process"]["skipped_by_reason"]["unchanged"] > 300
    assert again["stages"]["process"]["done"] == 0
    assert (await shown(one_process.data, "old"))["messages"] == 374
    assert (tmp_path / "kb" / "manifest.json").exists()


async def test_the_old_way_of_adding_a_source_still_works(one_process: OneProcess) -> None:
    data = str(one_process.data)
    code, stdout, stderr = await command(
        *("add-source", "--source-id", "lenta", "--channel-id", "-1001234567890", "--channel-username", "lenta"),
        *("--include-comments", "--batch-size", "50", "--data-dir", data, "--json"),
    )
    assert code == 0, stderr
    source = json.loads(stdout)
    assert (source["spec"]["kind"], source["spec"]["channel_id"]) == ("mtproto_history", "1234567890")
    assert source["spec"]["include_comments"] is True


async def test_a_reading_without_an_account_says_so(one_process: OneProcess) -> None:
    data = str(one_process.data)
    await command("sources", "add", "lenta", "@lenta", "--kind", "telegram", "--data-dir", data)
    code, _, stderr = await command("ingest", "--source", "lenta", "--data-dir", data)
    assert code == 1
    assert "Traceback" not in stderr
    assert (await shown(one_process.data, "lenta"))["state"] == "refused"
