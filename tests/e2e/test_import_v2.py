"""An earlier TG_parser's databases, through the whole system: nothing that was paid for is paid for again."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console
from system import TG_PARSER

from tg_parser.cli.all_in_one import Composition, System, running
from tg_parser.cli.client import GatewayClient, open_client
from tg_parser.cli.following import followed
from tg_parser.cli.import_command import ImportRequest
from tg_parser.contracts.subjects import FACTS
from tg_parser.processor.settings import LlmSettings
from tg_parser.testkit.old_installation import Installation
from tg_parser.testkit.openai_server import fake_openai

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

CHANNEL = "1750000001"
QUIET = Console(quiet=True)
BRIDGE = (
    "Водолазы осмотрели опоры Старого моста и нашли трещину под водой",
    "Трещину в опоре Старого моста сняли на видео, ремонт займёт месяц",
    "Старый мост: опоры укрепили, трещину закрыли бетоном",
    "Хоккей: «Вельские Волки» вышли в финал после овертайма",
)


def databases(folder: Path) -> Installation:
    """Four messages, three of them understood; two topics, one of them of a message that never was as well."""
    old = Installation(folder, "v3.1")
    old.source("river", "vel_river")
    refs = [old.message("vel_river", number, text) for number, text in enumerate(BRIDGE, 1)]
    for ref, text in zip(refs[:3], BRIDGE, strict=False):
        old.document(ref, text)
    old.comment("vel_river", 1, 900, "Спасибо!")
    old.topic("topic:tg:vel_river:post:1", refs[:2], refs[2:3])
    old.topic("topic:tg:vel_river:post:77", ["tg:vel_river:post:77", refs[1]])
    return old


def desktop_export(folder: Path, texts: tuple[str, ...]) -> Path:
    """The same channel as Telegram Desktop exports it."""
    rows = [
        {
            "id": number, "type": "message", "date_unixtime": str(1_740_816_000 + 60 * number), "date": "2025-03-01T08:00:00",
            "from": "Река", "from_id": f"channel{CHANNEL}", "text": text, "text_entities": [{"type": "plain", "text": text}],
        }
        for number, text in enumerate(texts, 1)
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    path = folder / "result.json"
    chat = {"name": "Река Вель", "type": "public_channel", "id": int(CHANNEL), "messages": rows}
    path.write_text(json.dumps(chat, ensure_ascii=False), "utf-8")
    return path


class Bench:
    """A running system, and what a user asks of it."""

    def __init__(self, system: System, client: GatewayClient, folder: Path) -> None:
        self.system, self.client, self.folder = system, client, folder
        self._number = 0

    async def ask(self, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        self._number += 1
        accepted = await self.client.request_workflow(body, key=key or f"ask {self._number}")
        return await followed(self.client, accepted["id"], QUIET)

    async def read(self, export: Path) -> dict[str, Any]:
        return await self.ask({"kind": "run", "source": {"kind": "td_json", "location": str(export)}})

    async def facts(self) -> int:
        return await self.system.services[0].chassis.log.last_seq(FACTS)

    async def entries(self) -> dict[str, dict[str, Any]]:
        out = self.folder / "out"
        out.mkdir(exist_ok=True)
        assert (await self.ask({"kind": "export", "target": {"location": str(out)}}))["state"] == "completed"
        lines = (out / "kb_entries.ndjson").read_text("utf-8").splitlines()
        return {entry["id"]: entry for entry in map(json.loads, lines)}


async def test_what_was_paid_for_is_not_paid_for_again(tmp_path: Path) -> None:
    old = databases(tmp_path / "old")
    composition = Composition(tmp_path / "data", import_roots=(tmp_path,), export_roots=(tmp_path,))
    async with fake_openai() as model:
        llm = LlmSettings(provider="openai", model="m", base_url=model.base_url, openai_api_key=SecretStr("k"))
        async with running(composition, llm=llm) as system, open_client(system.url) as client:
            bench = Bench(system, client, tmp_path)
            await _imports(bench, old)
            assert model.requests == []
            await _reads_the_same_channel(bench, lambda: len(model.requests))


async def _imports(bench: Bench, old: Installation) -> None:
    request = ImportRequest(old.folder, "f1", channel_ids={"vel_river": CHANNEL})
    status = await bench.ask(request.body(), request.key)
    assert (status["state"], status["error"]) == ("completed", None)
    process = status["stages"]["process"]
    assert (process["done"], process["skipped_by_reason"]) == (3, {"not_asked": 2})
    facts = await bench.facts()
    await bench.ask(request.body(), request.key)
    assert await bench.facts() == facts
    again = await bench.ask(request.body(), "as if the databases had changed")
    assert (again["stages"]["process"]["expected"], again["topics"]) == (0, status["topics"])
    kinds = await _kinds(bench, facts)
    assert kinds == ["tg.ingest.completed.v1", "tg.ingest.pagecommitted.v1", "tg.topicization.completed.v1",
                     "tg.topics.regroupcommitted.v1"]  # fmt: skip
    assert [source["id"] for source in await bench.client.sources()] == ["river"]
    await _is_in_the_knowledge_base(await bench.entries())


async def _kinds(bench: Bench, after: int) -> list[str]:
    log = bench.system.services[0].chassis.log
    return sorted(entry.type for entry in await log.read_range(FACTS, "tg.evt.>", from_seq=after + 1, limit=100))


async def _is_in_the_knowledge_base(entries: dict[str, dict[str, Any]]) -> None:
    entry = entries[f"kb:msg:tg:{CHANNEL}:post:1"]
    made = entry["metadata"]["processing"]
    assert (made["provider"], made["model_id"], made["pipeline_version"]) == (
        "v3-import",
        "gpt-4o-mini",
        "processing:v1.0.0",
    )
    assert entry["metadata"]["processed_at"].startswith("2025-03-05T10:00:00")
    assert entry["created_at"].startswith("2025-03-01T08:01:00")
    topics = [each for name, each in entries.items() if name.startswith("kb:topic:")]
    aliases = {alias for each in topics for alias in each["metadata"].get("aliases", ())}
    assert {"topic:tg:vel_river:post:1", "topic:tg:vel_river:post:77"} <= aliases
    assert "Паводок на Вели" in {each["title"] for each in topics}


async def _reads_the_same_channel(bench: Bench, asked: Callable[[], int]) -> None:
    """Its fourth message was never understood, and a fifth is new: these two are asked about, and a changed one later."""
    export = desktop_export(bench.folder / "export", (*BRIDGE, "Новость, которой у старой версии не было"))
    for _ in range(2):  # the second time messages are better known, and still the same words
        assert (await bench.read(export))["state"] == "completed"
        assert asked() == 2
    edited = ("Водолазы осмотрели опоры Старого моста: трещины нет", *BRIDGE[1:])
    rows = json.loads(desktop_export(bench.folder / "export", edited).read_text("utf-8"))
    rows["messages"][0]["edited_unixtime"] = "1767225600"
    export.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    await bench.read(export)
    assert asked() == 3
    entries = await bench.entries()
    providers = [entries[f"kb:msg:tg:{CHANNEL}:post:{n}"]["metadata"]["processing"]["provider"] for n in (1, 2, 3, 4)]
    assert providers == ["openai", "v3-import", "v3-import", "openai"]


async def test_the_command_says_what_it_brought_and_what_it_could_not(tmp_path: Path) -> None:
    old = databases(tmp_path / "old")
    old.message("vel_river", 50, date="yesterday")
    arguments = ["import-v2", str(old.folder), "--data-dir", str(tmp_path / "data"), "--json"]
    code, _, stderr = await _command(*arguments)
    assert (code, "--channel-id vel_river=ID" in stderr) == (1, True)
    arguments += ["--channel-id", f"vel_river={CHANNEL}", "--out", str(tmp_path / "out")]
    code, stdout, stderr = await _command(*arguments)
    summary = json.loads(stdout)
    assert (code, summary["state"]) == (3, "partial"), stderr
    assert (summary["messages"], summary["documents"], summary["not_asked"], summary["rejected"]) == (5, 3, 2, 1)
    assert [row["reason"] for row in summary["rejected_rows"]] == ["Its date is 'yesterday', which is no moment."]
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert "Traceback" not in stderr


async def _command(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        TG_PARSER, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode or 0, stdout.decode(), stderr.decode()
