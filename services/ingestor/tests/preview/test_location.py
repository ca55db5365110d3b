"""How a channel may be written down."""

from __future__ import annotations

import pytest

from tg_parser.ingestor.adapters.preview.location import channel_name
from tg_parser.ingestor.ports import SourceRefused


@pytest.mark.parametrize(
    "location",
    [
        "city_news",
        "@city_news",
        " t.me/city_news ",
        "https://t.me/city_news",
        "http://t.me/s/city_news",
        "https://t.me/s/city_news?before=5",
        "https://t.me/city_news/17?single",
        "https://telegram.me/city_news/",
        "HTTPS://T.ME/city_news#x",
    ],
)
def test_a_channel_is_found_however_it_is_written(location: str) -> None:
    assert channel_name(location) == "city_news"


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("https://t.me/+AbCdEf123", "private"),
        ("t.me/joinchat/AbCdEf123", "private"),
        ("https://t.me/c/1234567890/5", "private"),
        ("+AbCdEf123", "private"),
        ("1234567890", "unsupported"),
        ("-1001234567890", "unsupported"),
        ("", "not_found"),
        ("abc", "not_found"),
        ("1abcdef", "not_found"),
        ("../etc/passwd", "not_found"),
        ("городские_новости", "not_found"),
        ("https://example.com/city_news", "not_found"),
        ("city_news/../../x", "not_found"),
    ],
)
def test_what_is_no_public_channel_is_refused_with_its_cause(location: str, cause: str) -> None:
    with pytest.raises(SourceRefused) as refused:
        channel_name(location)
    assert refused.value.cause == cause
    assert str(refused.value).endswith(".")
