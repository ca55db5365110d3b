"""Sources as a person lives with them: registered, followed, looked at, refused, paused, forgotten."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from commands import command, up
from system import SAMPLE, OneProcess, attempts

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


async def until(data: Path, name: str, **expected: object) -> dict[str, Any]:
    """The source, once it stands like that."""
    async for _ in attempts():
        source = await shown(data, name)
        if expected.items() <= source.items():
            return source
    raise AssertionError


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
    async with up(data, "--export-root", str(tmp_path), **environment):
        add = ("sources", "add", "town", "https://t.me/city_news", "--follow", "10", "--data-dir", str(data), "--json")
        code, stdout, stderr = await command(*add)
        assert (code, json.loads(stdout)["spec"]["kind"]) == (0, "web_preview"), stderr
        first = await until(data, "town", state="ready", messages=23)
        assert [entry["title"] for entry in first["channels"]] == ["Городские новости"]
        channel.publish([text_post(24, "Мост закрыт до утра"), text_post(25, "Мост открыт")])
        await until(data, "town", state="ready", messages=2)
        async for _ in attempts():  # collected; understood a moment later
            if await numbers(data, tmp_path / "kb") == set(range(1, 26)):
                break
        code, stdout, _ = await command("sources", "pause", "town", "--data-dir", str(data), "--json")
        assert (code, json.loads(stdout)["state"]) == (0, "paused")
        code, stdout, _ = await command("sources", "list", "--data-dir", str(data))
        assert "city_news" in stdout
        assert (await command("sources", "remove", "town", "--data-dir", str(data)))[0] == 0
        code, _, stderr = await command("sources", "show", "town", "--data-dir", str(data))
        assert (code, "town" in stderr) == (1, True)


@pytest.mark.parametrize(
    ("what", "cause"),
    [("nobody", "not_found"), ("no_preview", "no_preview"), ("person", "unsupported"), ("blocked", "no_preview")],
)
async def test_what_cannot_be_read_says_why_and_is_left_alone(
    one_process: OneProcess, site: FakePreviews, environment: dict[str, str], what: Any, cause: str
) -> None:
    data = str(one_process.data)
    site.open(FakeChannel("city_news", shown=what))
    code, _, stderr = await command("sources", "add", "town", "city_news", "--kind", "preview", "--data-dir", data)
    assert code == 0, stderr
    code, _, stderr = await command("ingest", "--source", "town", "--data-dir", data, **environment)
    assert code == 1
    assert "city_news" in stderr
    assert "Traceback" not in stderr
    source = await shown(one_process.data, "town")
    assert source["state"] == "refused"
    assert source["cause"] == cause
    assert source["detail"].endswith(".")
    assert "city_news" in source["detail"]


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
    assert json.loads(stdout)["stages"]["process"]["done"] == first["stages"]["process"]["done"]
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
