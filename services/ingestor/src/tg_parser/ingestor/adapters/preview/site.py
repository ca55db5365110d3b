"""Asking t.me: one request at a time, no faster than its turn comes, and never anywhere else than where it was told to look."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from tg_parser.chassis.clock import Clock
from tg_parser.chassis.errors import TransientError
from tg_parser.ingestor.budgets import Method
from tg_parser.ingestor.limiter import Limiter
from tg_parser.ingestor.ports import SourceParked, SourceRefused

METHOD: Final[Method] = "t.me/s"
LARGEST: Final = 8 * 1024 * 1024  # bytes of a page; twenty long posts have a fortieth
TRIES: Final = 4
FIRST_REST: Final = 1.0  # seconds between the first two tries, then twice as long each
LATER: Final = 60.0  # seconds until a site that is down is asked again
SHORTEST_GUESS: Final = 5  # seconds, where it asks for a pause and does not say how long; then twice as long each time
LONGEST_GUESS: Final = 60
MOST_PAUSES: Final = 8  # in a row
PARKED: Final = 900  # seconds
HOSTS: Final = frozenset({"", "t.me", "www.t.me", "telegram.me", "telegram.dog"})
TOO_MANY: Final = 429
GONE: Final = frozenset({404, 410})

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was at a path; `moved_to`: another path to look at instead, empty if it is not on this site."""

    markup: str = ""
    moved_to: str | None = None


class Flooded(Exception):
    """The site asks for a pause of `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"t.me asks for a pause of {seconds} s.")
        self.seconds = seconds


class Site:
    """t.me, or what stands in for it, at the client's base URL."""

    def __init__(self, client: httpx.AsyncClient, limiter: Limiter, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._client, self._limiter, self._clock, self._sleep = client, limiter, clock, sleep
        self._pauses = 0

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """What is at a path, when its turn has come.

        Raises Flooded; SourceParked; TransientError if the site is out of order; SourceRefused if it will not answer at all.
        """
        fault = ""
        for rest in range(TRIES):
            await self._limiter.turn(METHOD)
            try:
                return await self._request(path, params or {})
            except (httpx.RequestError, _OutOfOrder) as error:
                fault = str(error) or type(error).__name__
            if rest < TRIES - 1:
                await self._sleep(FIRST_REST * 2**rest)
        raise TransientError(f"{self._client.base_url} is out of order: {fault}.", retry_in=LATER)

    async def _request(self, path: str, params: Mapping[str, str | int]) -> Answer:
        async with self._client.stream("GET", path, params=dict(params)) as response:
            status = response.status_code
            if status == TOO_MANY:
                raise self._flooded(response.headers.get("retry-after", ""))
            self._pauses = 0
            if response.is_server_error:
                raise _OutOfOrder(f"it answered {status}")
            if response.is_redirect:
                return Answer(moved_to=self._path(response.headers.get("location", "")))
            if response.is_client_error and status not in GONE:
                raise SourceRefused(f"{response.url} is not shown to us: t.me answered {status}.", "not_allowed")
            return Answer(await _body(response))

    def _flooded(self, retry_after: str) -> Flooded | SourceParked:
        """A site that asks for one short pause after another is left alone for longer."""
        self._pauses += 1
        if self._pauses > MOST_PAUSES:
            return SourceParked(METHOD, PARKED)
        guess = min(LONGEST_GUESS, SHORTEST_GUESS * 2 ** (self._pauses - 1))
        return Flooded(_seconds(retry_after, self._clock()) or guess)

    def _path(self, location: str) -> str:
        """The path of an address on this site."""
        try:
            address = urlsplit(location)
            return address.path if (address.hostname or "") in {*HOSTS, self._client.base_url.host} else ""
        except ValueError:
            return ""


class _OutOfOrder(Exception):
    """The site has a fault of its own."""


async def _body(response: httpx.Response) -> str:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LARGEST:
            raise SourceRefused(f"{response.url} is larger than {LARGEST:,} bytes, which no page of posts is.")
    return body.decode("utf-8", "replace")


def _seconds(retry_after: str, now: datetime) -> int:
    """A number of seconds or a moment (RFC 9110, 10.2.3); 0 if it is neither."""
    if retry_after.strip().isdecimal():
        return max(1, int(retry_after.strip()[:9]))
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0
    return max(1, math.ceil((moment.astimezone(UTC) - now).total_seconds()))
