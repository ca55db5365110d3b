"""JSON over HTTP to a provider whose API needs no more than that; every failure comes out as one of our errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from tg_parser.llm.errors import InvalidOutputError, TransportError
from tg_parser.llm.providers.failure import Failure, error_of, one_line
from tg_parser.llm.providers.retry_after import retry_after

LARGEST = 8 * 1024 * 1024  # bytes of an answer; a longer one is nobody's extraction

ReadFailure = Callable[[int, Any], tuple[Failure, float | None]]
"""From a status and a body (JSON, or text where it is none) to what the provider says, and the wait it names in the body."""


class JsonEndpoint:
    """One server. Redirects are not followed: a key is sent nowhere but to where it belongs."""

    def __init__(self, base_url: str, headers: Mapping[str, str], timeout_s: float) -> None:
        """Prepare a client; nothing is connected yet. `timeout_s` is for a whole call, in seconds."""
        self._timeout_s = timeout_s
        # As many connections as are asked for: how many calls are made at once is decided before this.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=dict(headers), timeout=timeout_s, trust_env=True, limits=limits
        )

    async def post(self, path: str, body: Mapping[str, Any], who: str, read_failure: ReadFailure) -> dict[str, Any]:
        """The answer to `body`, as a JSON object.

        Raises:
            ModelError: there is none; the subclass tells why.
        """
        try:
            # The client's own time-outs restart with every byte; this one ends the call.
            async with asyncio.timeout(self._timeout_s):
                response, content = await self._exchange(path, body, who)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TransportError(f"{who} did not answer within {self._timeout_s:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransportError(
                f"{who} could not be reached: {one_line(str(error) or type(error).__name__)}."
            ) from error
        found = _json(content)
        if not response.is_success:
            failure, wait = read_failure(
                response.status_code, content.decode("utf-8", "replace") if found is None else found
            )
            raise error_of(failure, who, retry_after(response.headers, datetime.now(UTC)) or wait)
        if not isinstance(found, dict):
            raise InvalidOutputError(f"{who} answered with something other than a JSON object.")
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _exchange(self, path: str, body: Mapping[str, Any], who: str) -> tuple[httpx.Response, bytes]:
        async with self._http.stream("POST", path, json=dict(body)) as response:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > LARGEST:
                    raise InvalidOutputError(f"{who} answered with more than {LARGEST // 1024**2} MB.")
            return response, bytes(content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
