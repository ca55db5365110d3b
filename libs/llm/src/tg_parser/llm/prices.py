"""What a call cost, by the price list that `genai-prices` carries with it. Nothing is looked up on the network."""

from __future__ import annotations

from decimal import ROUND_HALF_UP

import genai_prices

from tg_parser.llm.port import Usage


def cost_micros(usage: Usage, model: str, api_url: str) -> int | None:
    """The price of `usage` in millionths of a US dollar, or None if the list does not know this model at this address.

    A model served at an address of one's own has no list price: it is unknown, not free.
    """
    try:
        price = genai_prices.calc_price(_counts(usage), model, provider_api_url=api_url)
    except (LookupError, ValueError):  # ValueError: the list knows the model, but has no price for such tokens
        return None
    return int((price.total_price * 1_000_000).to_integral_value(ROUND_HALF_UP))


def _counts(usage: Usage) -> genai_prices.Usage:
    return genai_prices.Usage(
        input_tokens=usage.input_uncached + usage.cache_read + usage.cache_write,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_tokens=usage.output + usage.reasoning,
    )
