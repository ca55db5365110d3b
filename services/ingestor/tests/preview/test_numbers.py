"""Numbers as the page writes them."""

from __future__ import annotations

import pytest

from tg_parser.ingestor.adapters.preview.numbers import count, seconds


@pytest.mark.parametrize(
    ("text", "value", "exact"),
    [
        ("757", 757, True),
        ("0", 0, True),
        ("4.02K", 4_020, False),
        ("1.48M", 1_480_000, False),
        ("1.2B", 1_200_000_000, False),
        ("834K voters", 834_000, False),
        ("10 518", 10_518, True),
        ("10\u00a0518 subscribers", 10_518, True),
        ("1,204", 1_204, True),
        ("20%", 20, True),
    ],
)
def test_counters(text: str, value: int, exact: bool) -> None:
    assert count(text) == (value, exact)


@pytest.mark.parametrize("text", ["", "abc", "K", "-5", "٣"])
def test_what_is_no_counter_is_unknown_and_not_zero(text: str) -> None:
    assert count(text) is None


@pytest.mark.parametrize(("text", "length"), [("0:34", 34), ("2:57", 177), ("1:02:05", 3725), (" 0:05 ", 5)])
def test_durations(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "LIVE", "34", "1:2:3:4", "-1:00"])
def test_what_is_no_duration_is_unknown(text: str) -> None:
    assert seconds(text) is None
