"""What a call cost, by the price list that `genai-prices` carries with it and a list of one's own. No network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path

import genai_prices
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tg_parser.llm.canonical import digest
from tg_parser.llm.port import Usage


class Price(BaseModel):
    """What a million tokens of a model cost, in US dollars. Cached input costs as much as other input unless it says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cache_read: Decimal | None = Field(default=None, ge=0)
    cache_write: Decimal | None = Field(default=None, ge=0)


_OVERRIDES = TypeAdapter(dict[str, Price])


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by model.

    Attributes:
        overrides: prices of one's own, by the model's name; they go before the list's, at any address.
        version: names the list and the overrides together, to be kept beside every cost.
    """

    overrides: Mapping[str, Price] = field(default_factory=dict[str, Price])

    @property
    def version(self) -> str:
        """Which prices these are: another list, or other overrides, have another version."""
        return _version(tuple(sorted((name, price.model_dump_json()) for name, price in self.overrides.items())))

    def cost_micros(self, usage: Usage, model: str, api_url: str) -> int | None:
        """The price of `usage` in millionths of a US dollar, or None if nothing is known of this model at this address.

        A model served at an address of one's own has no list price: it is unknown, not free.
        """
        own = self.overrides.get(model)
        return _own_cost(own, usage) if own else cost_micros(usage, model, api_url)


def read_prices(path: Path | None) -> PriceTable:
    """The list, with the overrides in the JSON file `path`: `{"model": {"input": 0.25, "output": 2}}`.

    Raises:
        ValueError: the file cannot be read or is not of this form; the message is a sentence.
    """
    if path is None:
        return PriceTable()
    try:
        return PriceTable(_OVERRIDES.validate_python(json.loads(path.read_text("utf-8"))))
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"The prices in {path} cannot be used: {place}: {first['msg']}.") from invalid
    except (OSError, ValueError) as error:
        raise ValueError(f"The prices in {path} cannot be read: {error}.") from error


def cost_micros(usage: Usage, model: str, api_url: str) -> int | None:
    """The list's price of `usage` in millionths of a US dollar, or None if it does not know this model at this address."""
    try:
        price = genai_prices.calc_price(_counts(usage), model, provider_api_url=api_url)
    except (LookupError, ValueError):  # ValueError: the list knows the model, but has no price for such tokens
        return None
    return _whole(price.total_price * 1_000_000)


def _counts(usage: Usage) -> genai_prices.Usage:
    # The list's input includes cached tokens, whatever the provider means by its own counts.
    return genai_prices.Usage(
        input_tokens=usage.input_uncached + usage.cache_read + usage.cache_write,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_tokens=usage.output + usage.reasoning,
    )


def _own_cost(price: Price, usage: Usage) -> int:
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    return _whole(
        usage.input_uncached * price.input
        + usage.cache_read * read
        + usage.cache_write * write
        + (usage.output + usage.reasoning) * price.output
    )


def _whole(micros: Decimal) -> int:
    return int(micros.to_integral_value(ROUND_HALF_UP))


@cache
def _version(overrides: tuple[tuple[str, str], ...]) -> str:
    listed = f"genai-prices@{version('genai-prices')}"
    return f"{listed}+{digest(overrides)[:12]}" if overrides else listed
