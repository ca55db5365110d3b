"""A model that is asked about several short posts at once: the prompt is then paid for once instead of eight times."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tg_parser.llm.errors import InvalidOutputError, ModelError, RefusedError, TooLongError, TruncatedError
from tg_parser.llm.packing import LARGEST_PACK, company, fits, packed, unpacked
from tg_parser.llm.port import LanguageModel, StructuredRequest, StructuredResult
from tg_parser.llm.tokens import estimated_tokens

LINGER = 0.02  # seconds the first post waits for company: little beside any model's answer
PACKS_TROUBLE = (InvalidOutputError, TruncatedError, TooLongError, RefusedError)
"""Errors that one post among several may have caused: with fewer of them in a request the others are answered."""


@dataclass(eq=False, slots=True)
class _Passenger:
    request: StructuredRequest
    answer: asyncio.Future[StructuredResult]


@dataclass(eq=False, slots=True)
class _Pack:
    passengers: list[_Passenger] = field(default_factory=list[_Passenger])
    tokens: int = 0
    leaves: asyncio.TimerHandle | None = None


class PackedModel:
    """`inner`, asked about up to `most` posts of the same company at once.

    A pack that gets no usable answer is halved until the posts travel alone, and a post the answer leaves out travels
    alone at once. Whoever waits gets the answer or the error about the own post, and no others.

    Args:
        inner: answers requests with posts as well as without.
        most: posts in one request.
        most_output_tokens: of one request.
        linger_s: seconds the first post waits for others.
    """

    def __init__(self, inner: LanguageModel, *, most: int, most_output_tokens: int, linger_s: float = LINGER) -> None:
        self._inner = inner
        self._most = most
        self._most_output_tokens = most_output_tokens
        self._linger_s = linger_s
        self._packs: dict[tuple[Any, ...], _Pack] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def provider(self) -> str:
        """The inner model's provider."""
        return self._inner.provider

    @property
    def model(self) -> str:
        """The inner model's name."""
        return self._inner.model

    async def complete(self, request: StructuredRequest) -> StructuredResult:
        """Answer `request`; see `LanguageModel.complete`."""
        if not fits(request):
            return await self._inner.complete(request)
        passenger = _Passenger(request, asyncio.get_running_loop().create_future())
        self._board(passenger)
        return await passenger.answer

    async def aclose(self) -> None:
        """Abandon what is under way, then close the inner model."""
        for pack in self._packs.values():
            if pack.leaves:
                pack.leaves.cancel()
            _give_up(pack.passengers)
        self._packs.clear()
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._inner.aclose()

    def _board(self, passenger: _Passenger) -> None:
        key = company(passenger.request)
        tokens = estimated_tokens(passenger.request.document)
        pack = self._packs.setdefault(key, _Pack())
        if pack.passengers and pack.tokens + tokens > LARGEST_PACK:
            self._leave(key)
            pack = self._packs.setdefault(key, _Pack())
        pack.passengers.append(passenger)
        pack.tokens += tokens
        if len(pack.passengers) >= self._most:
            self._leave(key)
        elif pack.leaves is None:
            pack.leaves = asyncio.get_running_loop().call_later(self._linger_s, self._leave, key)

    def _leave(self, key: tuple[Any, ...]) -> None:
        pack = self._packs.pop(key)
        if pack.leaves:
            pack.leaves.cancel()
        task = asyncio.create_task(self._deliver(pack.passengers), name="llm-pack")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, passengers: Sequence[_Passenger]) -> None:
        try:
            await self._answer([each for each in passengers if not each.answer.done()])
        except asyncio.CancelledError:
            raise
        except Exception as error:  # whatever it is, it is each asker's to handle
            for passenger in passengers:
                if not passenger.answer.done():
                    passenger.answer.set_exception(error)
        finally:
            _give_up(passengers)

    async def _answer(self, passengers: Sequence[_Passenger]) -> None:
        if len(passengers) > 1:
            await self._answer_together(passengers)
        elif passengers:
            await self._answer_alone(passengers[0])

    async def _answer_alone(self, passenger: _Passenger) -> None:
        try:
            result = await self._inner.complete(passenger.request)
        except ModelError as error:
            _fail(passenger, error)
        else:
            _hand(passenger, result)

    async def _answer_together(self, passengers: Sequence[_Passenger]) -> None:
        request = packed([each.request for each in passengers], self._most_output_tokens)
        try:
            result = await self._inner.complete(request)
        except PACKS_TROUBLE:
            middle = len(passengers) // 2
            await asyncio.gather(self._answer(passengers[:middle]), self._answer(passengers[middle:]))
            return
        except ModelError as error:
            for passenger in passengers:
                _fail(passenger, error)
            return
        found = unpacked(result, request.posts)
        left: list[_Passenger] = []
        for post, passenger in zip(request.posts, passengers, strict=True):
            if post.id in found:
                _hand(passenger, found[post.id])
            else:
                left.append(passenger)
        await asyncio.gather(*(self._answer_alone(each) for each in left))


def _hand(passenger: _Passenger, result: StructuredResult) -> None:
    if not passenger.answer.done():
        passenger.answer.set_result(result)


def _fail(passenger: _Passenger, error: ModelError) -> None:
    if not passenger.answer.done():
        passenger.answer.set_exception(error)


def _give_up(passengers: Sequence[_Passenger]) -> None:
    for passenger in passengers:
        passenger.answer.cancel()
