"""Talking to the gateway: what the command line asks, it asks as any other client does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tg_parser.cli.exit_codes import CommandFailed

TIMEOUT = 30.0  # seconds for one answer


class GatewayClient:
    """The gateway's workflows, as JSON resources."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def request_workflow(self, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask for a workflow; asking again with the same key gives the same one."""
        return await self._json("POST", "/api/v1/workflows", json=body, headers={"Idempotency-Key": key})

    async def workflow(self, workflow_id: str) -> dict[str, Any]:
        """How a workflow stands."""
        return await self._json("GET", f"/api/v1/workflows/{workflow_id}")

    async def workflows(self, *, limit: int) -> list[dict[str, Any]]:
        """The newest workflows."""
        page = await self._json("GET", "/api/v1/workflows", params={"limit": limit})
        return list(page["items"])

    async def health(self) -> dict[str, Any]:
        """Whether the gateway's servers answer."""
        answer = await self._http.get("/health")
        return dict(answer.json())

    async def _json(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path, **sent)
        except httpx.HTTPError as error:
            raise CommandFailed(f"The gateway at {self._http.base_url} does not answer: {error}.") from error
        if answer.is_error:
            raise CommandFailed(_problem(answer))
        return dict(answer.json())


@asynccontextmanager
async def open_client(url: str, api_key: str = "") -> AsyncIterator[GatewayClient]:
    """A client of the gateway at `url`."""
    headers = {"X-API-Key": api_key} if api_key else {}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False) as http:
        yield GatewayClient(http)


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"The gateway answered {answer.status_code}."
    return str(problem.get("detail") or problem.get("title") or f"The gateway answered {answer.status_code}.")
