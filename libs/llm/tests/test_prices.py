from __future__ import annotations

from tg_parser.llm.port import Usage
from tg_parser.llm.prices import cost_micros

OPENAI = "https://api.openai.com/v1"
USAGE = Usage(input_uncached=1_000_000, cache_read=1_000_000, output=500_000, reasoning=500_000)


def test_cached_input_is_cheaper_and_nothing_is_paid_twice() -> None:
    """gpt-4.1-mini: $0.40 for a million tokens in, $0.10 cached, $1.60 out, reasoning included."""
    assert cost_micros(USAGE, "gpt-4.1-mini", OPENAI) == 400_000 + 100_000 + 1_600_000


def test_an_unknown_price_is_none_and_not_nothing() -> None:
    assert cost_micros(USAGE, "nobody-knows-1", OPENAI) is None
    assert cost_micros(USAGE, "gpt-4.1-mini", "http://127.0.0.1:8000/v1") is None
    assert cost_micros(Usage(), "gpt-4.1-mini", OPENAI) == 0
