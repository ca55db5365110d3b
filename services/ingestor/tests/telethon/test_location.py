from __future__ import annotations

import pytest

from tg_parser.ingestor.adapters.telethon.location import Invited, Named, Numbered, where
from tg_parser.ingestor.ports import SourceRefused


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("@News", Named("news")),
        ("news", Named("news")),
        ("https://t.me/news", Named("news")),
        ("t.me/s/news", Named("news")),
        ("https://t.me/news/17?comment=5", Named("news")),
        ("telegram.me/news", Named("news")),
        ("1234567890", Numbered("1234567890")),
        ("-1001234567890", Numbered("1234567890")),
        ("https://t.me/c/1234567890/5", Numbered("1234567890")),
        ("-55", Numbered("chat55")),
        ("chat55", Numbered("chat55")),
        ("https://t.me/+AbC_d-12", Invited("AbC_d-12")),
        ("t.me/joinchat/AbCdEf12", Invited("AbCdEf12")),
    ],
)
def test_people_name_channels_in_many_ways(written: str, meant: object):
    assert where(written) == meant


@pytest.mark.parametrize("written", ["", "две точки", "https://example.com/news", "@a", "12 34"])
def test_what_names_nothing_is_refused(written: str):
    with pytest.raises(SourceRefused, match="names no channel"):
        where(written)
