"""A stand-in for OpenAI's chat completions on a loopback port: it answers every post and counts what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tg_parser.testkit.dialects import OPENAI
from tg_parser.testkit.model_server import ModelServer, model_server


class FakeOpenAI:
    """What was asked, and where to ask."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server

    @property
    def base_url(self) -> str:
        """Up to and including the version."""
        return self._server.url

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of what was asked, in order."""
        return [request.body for request in self._server.sent]


@asynccontextmanager
async def fake_openai() -> AsyncIterator[FakeOpenAI]:
    """The stand-in, listening until the block ends."""
    async with model_server(OPENAI) as server:
        yield FakeOpenAI(server)
