from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from deployed import SERVICES, Container, containers
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from tg_parser.chassis.settings import NatsSettings, TelemetrySettings

CONTAINERS = list(containers())
IDS = [f"{container.where}: {container.service}" for container in CONTAINERS]


def settings(service: str) -> tuple[type[BaseSettings], ...]:
    """The settings class of a service, or those its job reads."""
    if service == "provision":
        return NatsSettings, TelemetrySettings
    return (getattr(import_module(f"tg_parser.{service}.settings"), f"{service.title()}Settings"),)


def names(found: type[BaseSettings]) -> Iterator[str]:
    """The variables `found` reads, with those of the shared settings inside it."""
    for name, field in found.model_fields.items():
        alias = field.validation_alias
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
            yield from names(field.annotation)
        elif isinstance(alias, AliasChoices):
            yield from map(str, alias.choices)
        else:
            yield str(alias or f"{found.model_config.get('env_prefix', '')}{name}".upper())


def plain(value: str) -> str:
    """What compose makes of a value where `.env` holds the least it may."""
    return re.sub(r"\$\{\w+(?::([-?])([^}]*))?\}", lambda found: found[2] if found[1] == "-" else "secret", value)


@pytest.mark.parametrize("container", CONTAINERS, ids=IDS)
def test_a_container_is_given_only_what_its_own_service_reads(container: Container) -> None:
    read = {name for found in settings(container.service) for name in names(found)}
    assert set(container.environment) <= read, set(container.environment) - read


@pytest.mark.parametrize("container", CONTAINERS, ids=IDS)
def test_a_service_accepts_what_it_is_given(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in container.environment.items():
        monkeypatch.setenv(name, plain(value))
    for found in settings(container.service):
        found()


@pytest.mark.parametrize(
    "container", [found for found in CONTAINERS if found.service in SERVICES], ids=lambda found: found.service
)
def test_a_service_tells_its_health_to_its_neighbours_and_leaves_streams_to_the_job(container: Container) -> None:
    own = f"TG_{container.service.upper()}__" + ("" if container.service == "gateway" else "HEALTH_")
    assert container.environment[f"{own}HOST"] == "0.0.0.0"
    assert container.environment[f"{own}PORT"] == "8080"
    assert container.environment["TG_NATS__PROVISION"] == "false"


def test_a_variable_nobody_reads_is_noticed() -> None:
    assert "TG_PROCESSOR__CONCURRENCY" in set(names(settings("processor")[0]))
    assert "TG_PROCESSOR__CONCURENCY" not in set(names(settings("processor")[0]))
