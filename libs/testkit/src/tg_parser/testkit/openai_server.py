"""A stand-in for OpenAI's chat completions on a loopback port: it answers every post and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

BODY_LIMIT = 4 * 1024 * 1024


@dataclass(slots=True)
class FakeOpenAI:
    """What was asked, and where to ask."""

    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """A valid extraction whose words come from the post."""
        post = str(request["messages"][-1]["content"])
        extraction = {
            "text_clean": post[:200], "title": "An answer of the stand-in", "summary": post[:80], "key_points": [], "topics": ["answered"],
            "entities": [], "language": "ru", "kind": "news", "is_ad": False,
        }  # fmt: skip
        return {
            "id": f"chatcmpl-{len(self.requests)}",
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": json.dumps(extraction, ensure_ascii=False)},
                }
            ],
            "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
        }


@asynccontextmanager
async def fake_openai() -> AsyncIterator[FakeOpenAI]:
    """The stand-in, listening until the block ends."""
    fake = FakeOpenAI()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _request(reader):
                fake.requests.append(request)
                body = json.dumps(fake.answer(request), ensure_ascii=False).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=BODY_LIMIT)
    fake.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield fake


async def _request(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length"))
    return dict(json.loads(await reader.readexactly(length)))
