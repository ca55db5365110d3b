"""An OpenAI-compatible provider in a process of its own: a latency, and a number of calls it bears in a window."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import uvloop

from tg_parser.llm.tokens import estimated_tokens
from tg_parser.testkit.dialects import OPENAI, Counts, Heard
from tg_parser.testkit.model_server import Act, Fail, Say, model_server


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the provider behaves.

    Attributes:
        latency_s: mean seconds until an answer.
        spread: of the latency, as a part of it, evenly to both sides.
        per_window: calls it answers in one window; 0: any number.
        window_s: seconds of a window; a call too many is told how long the rest of it is.
        prompt_tokens: what the instructions and schema count for.
    """

    latency_s: float = 0.05
    spread: float = 0.0
    per_window: int = 0
    window_s: float = 1.0
    prompt_tokens: int = 900


class Provider:
    """What it does about each call."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._chance = random.Random(11)
        self._window = -1
        self._answered = 0

    def act(self, heard: Heard, number: int) -> Act:
        """Answer, or turn away with Retry-After."""
        del number
        behaviour = self._behaviour
        window, into = divmod(time.monotonic(), behaviour.window_s)
        if window != self._window:
            self._window, self._answered = window, 0
        if behaviour.per_window and self._answered >= behaviour.per_window:
            return Fail("throttled", wait=round(behaviour.window_s - into, 3))
        self._answered += 1
        posts = heard.turns[0][1]
        away = behaviour.latency_s * (1 + behaviour.spread * self._chance.uniform(-1, 1))
        fresh = behaviour.prompt_tokens + estimated_tokens(posts)
        return Say(counts=Counts(fresh=fresh, output=180 * max(1, posts.count("</post "))), after_s=away)


@asynccontextmanager
async def provider(behaviour: Behaviour) -> AsyncGenerator[str]:
    """The provider, running until the block ends; its base URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, json.dumps(asdict(behaviour)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def serve(behaviour: Behaviour) -> None:
    """Listen for ever, and say where."""
    async with model_server(OPENAI, Provider(behaviour).act) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("behaviour")
    uvloop.run(serve(Behaviour(**json.loads(parser.parse_args().behaviour))))
