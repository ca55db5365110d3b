"""What the server's words mean, and what we answer to probes."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from tg_parser.chassis.errors import ConcurrencyError, PermanentError, TransientError, WindowFull
from tg_parser.chassis.health import HealthApp, Readiness
from tg_parser.chassis.provision import Drift, differences
from tg_parser.chassis.publisher import refusal
from tg_parser.chassis.service import semantic


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"err_code": 10071, "description": "wrong last sequence: 3"}, ConcurrencyError),
        ({"err_code": 10164, "description": "wrong last sequence"}, ConcurrencyError),
        ({"err_code": 10201, "description": "duplicate message id"}, ConcurrencyError),
        ({"err_code": 10054, "description": "message size exceeds maximum allowed"}, PermanentError),
        ({"err_code": 10077, "description": "maximum messages per subject exceeded"}, WindowFull),
        ({"err_code": 10077, "description": "maximum bytes exceeded"}, TransientError),
        ({"err_code": 10023, "description": "insufficient resources"}, TransientError),
        ({}, TransientError),
    ],
)
def test_a_refusal_is_read_by_its_code_and_a_generic_one_by_its_text(
    error: dict[str, Any], expected: type[Exception]
) -> None:
    assert type(refusal("tg.evt.x", error)) is expected


def test_a_setting_that_is_not_as_wanted_is_a_difference() -> None:
    assert differences("S", {"max_age": 5, "subjects": ["a"]}, {"max_age": 0, "subjects": ["b"]}) == [
        Drift("S", "max_age", 5, 0),
        Drift("S", "subjects", ["a"], ["b"]),
    ]


@pytest.mark.parametrize(("found", "wanted"), [(None, 0), (-1, 0), (None, False), (0, -1), ([], None)])
def test_unset_is_unset_however_it_is_written(found: object, wanted: object) -> None:
    assert differences("S", {"setting": found}, {"setting": wanted}) == []


def test_the_order_of_subjects_is_no_difference_and_neither_is_what_the_server_adds() -> None:
    assert differences("S", {"subjects": ["a", "b"], "first_seq": 1}, {"subjects": ["b", "a"]}) == []


@pytest.mark.parametrize(
    ("installed", "expected"), [("4.0.0", "4.0.0"), ("4.0.0.dev0", "4.0.0-dev0"), ("4.1.2.dev13", "4.1.2-dev13")]
)
def test_a_version_is_told_in_the_form_of_the_services_protocol(installed: str, expected: str) -> None:
    assert semantic(installed) == expected


async def ask(app: HealthApp, path: str) -> tuple[int, bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    await app({"type": "http", "path": path}, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_service_lives_before_it_is_ready() -> None:
    app = HealthApp(Readiness())
    assert (await ask(app, "/livez"))[0] == 200
    assert (await ask(app, "/readyz"))[0] == 503


async def test_readiness_needs_every_check_and_names_each() -> None:
    readiness = Readiness()
    app = HealthApp(readiness)
    readiness.update({"nats": True, "postgres": False})
    status, body = await ask(app, "/readyz")
    assert status == 503
    assert json.loads(body) == {"status": "unavailable", "checks": {"nats": True, "postgres": False}}
    readiness.update({"nats": True, "postgres": True})
    status, body = await ask(app, "/readyz")
    assert (status, json.loads(body)["status"]) == (200, "ok")


async def test_metrics_are_told_and_other_paths_are_not_found() -> None:
    app = HealthApp(Readiness())
    status, body = await ask(app, "/metrics")
    assert status == 200
    assert b"tg_jobs_total" in body
    assert (await ask(app, "/secrets"))[0] == 404


async def test_what_is_not_http_is_not_answered() -> None:
    async def forbidden(*_: object) -> MutableMapping[str, Any]:
        raise AssertionError("nothing is to be said")

    await HealthApp(Readiness())({"type": "lifespan"}, forbidden, forbidden)  # pyright: ignore[reportArgumentType] - never called
