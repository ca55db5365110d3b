"""Many small questions to a database answered by few large ones: whatever is asked while one is under way goes into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LARGEST = 500  # items in one statement
LINGER = 0.004  # seconds the first item waits for company: nothing beside a model's answer, and half the statements


class Grouped(Generic[Item, Answer]):
    """Calls `together` with everything asked for since its last call. `together` answers in the order of the items."""

    def __init__(
        self, together: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, largest: int = LARGEST
    ) -> None:
        self._together = together
        self._largest = largest
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._serve(), name="grouped")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for _, future in self._waiting:
            future.cancel()

    async def ask(self, item: Item) -> Answer:
        """The answer for `item`. Raises what its whole group's statement raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._asked.set()
        return await future

    async def _serve(self) -> None:
        while True:
            await self._asked.wait()
            await asyncio.sleep(LINGER)
            group, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            if not self._waiting:
                self._asked.clear()
            try:
                answers = await self._together([item for item, _ in group])
            except Exception as error:  # whatever it is, it is each asker's to handle
                _fail(group, error)
            else:
                _answer(group, answers)


def _fail(group: Sequence[tuple[Item, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)


def _answer(group: Sequence[tuple[Item, asyncio.Future[Answer]]], answers: Sequence[Answer]) -> None:
    for (_, future), answer in zip(group, answers, strict=True):
        if not future.done():
            future.set_result(answer)
