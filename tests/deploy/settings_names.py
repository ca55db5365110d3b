"""Every environment variable that some settings class reads."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

MODULES = ("chassis", "ingestor", "processor", "topicizer", "exporter", "orchestrator", "gateway", "cli")


def classes() -> Iterator[type[BaseSettings]]:
    """Every settings class of the system."""
    for module in MODULES:
        for found in vars(import_module(f"tg_parser.{module}.settings")).values():
            if isinstance(found, type) and issubclass(found, BaseSettings) and found is not BaseSettings:
                yield found


def environment_names() -> set[str]:
    """The names, with prefixes, and the aliases that stand for them."""
    return {name for found in classes() for name in _names(found)}


def _names(found: type[BaseSettings]) -> Iterator[str]:
    prefix = str(found.model_config.get("env_prefix", ""))
    for name, field in found.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            yield from (str(choice) for choice in alias.choices)
        elif isinstance(alias, str):
            yield alias
        else:
            yield f"{prefix}{name}".upper()
