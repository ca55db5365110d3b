"""Talking to the gateway: what the command line asks, it asks as any other client does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx

from tg_parser.cli.exit_codes import CommandFailed

TIMEOUT = 30.0  # seconds for one answer
NOT_FOUND = 404


class NotFound(CommandFailed):
    """The gateway has no such thing."""


class GatewayClient:
    """The gateway's workflows, sources, accounts and erasures, as JSON resources."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def request_workflow(self, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask for a workflow; asking again with the same key gives the same one."""
        return await self._json("POST", "/api/v1/workflows", json=body, headers={"Idempotency-Key": key})

    async def workflow(self, workflow_id: str) -> dict[str, Any]:
        """How a workflow stands."""
        return await self._json("GET", f"/api/v1/workflows/{workflow_id}")

    async def find_workflow(self, workflow_id: str) -> dict[str, Any] | None:
        """How a workflow stands; None if there is none of this id."""
        try:
            return await self.workflow(workflow_id)
        except NotFound:
            return None

    async def resume_workflow(self, workflow_id: str, budget: dict[str, Any] | None) -> dict[str, Any]:
        """Let a paused workflow go on, with another budget if one is given."""
        body = {"budget": budget} if budget else {}
        return await self._json("POST", f"/api/v1/workflows/{workflow_id}/resume", json=body)

    async def workflows(self, *, limit: int) -> list[dict[str, Any]]:
        """The newest workflows."""
        page = await self._json("GET", "/api/v1/workflows", params={"limit": limit})
        return list(page["items"])

    async def add_source(self, body: dict[str, Any]) -> dict[str, Any]:
        """Register a source, or change it."""
        return await self._json("POST", "/api/v1/sources", json=body)

    async def sources(self) -> list[dict[str, Any]]:
        """Every registered source."""
        return list(await self._answer("GET", "/api/v1/sources"))

    async def source(self, source_id: str) -> dict[str, Any]:
        """One source."""
        return await self._json("GET", f"/api/v1/sources/{source_id}")

    async def change_source(self, source_id: str, change: Literal["pause", "resume"]) -> dict[str, Any]:
        """Pause or resume a source."""
        return await self._json("POST", f"/api/v1/sources/{source_id}/{change}")

    async def remove_source(self, source_id: str) -> None:
        """Forget a source."""
        await self._answer("DELETE", f"/api/v1/sources/{source_id}")

    async def read_source(self, source_id: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask for a source to be read."""
        headers = {"Idempotency-Key": key}
        return await self._json("POST", f"/api/v1/sources/{source_id}/runs", json=body, headers=headers)

    async def accounts(self) -> list[dict[str, Any]]:
        """Every Telegram account that was used."""
        return list(await self._answer("GET", "/api/v1/accounts"))

    async def request_erasure(self, body: dict[str, Any], *, key: str) -> dict[str, Any]:
        """Ask for texts to be erased; asking again with the same key asks once."""
        return await self._json("POST", "/api/v1/erasures", json=body, headers={"Idempotency-Key": key})

    async def erasure(self, erasure_id: str) -> dict[str, Any]:
        """How far an erasure is."""
        return await self._json("GET", f"/api/v1/erasures/{erasure_id}")

    async def health(self) -> dict[str, Any]:
        """Whether the gateway's servers answer."""
        answer = await self._http.get("/health")
        return dict(answer.json())

    async def _json(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        return dict(await self._answer(method, path, **sent))

    async def _answer(self, method: str, path: str, **sent: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **sent)
        except httpx.HTTPError as error:
            raise CommandFailed(f"The gateway at {self._http.base_url} does not answer: {error}.") from error
        if answer.status_code == NOT_FOUND:
            raise NotFound(_problem(answer))
        if answer.is_error:
            raise CommandFailed(_problem(answer))
        return answer.json() if answer.content else None


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
    errors = problem.get("errors") or []
    if errors:
        return " ".join(f"{error.get('pointer', '')}: {error.get('detail', '')}" for error in errors)
    return str(problem.get("detail") or problem.get("title") or f"The gateway answered {answer.status_code}.")
