"""Public previews keep what every source promises."""

from __future__ import annotations

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.preview.source import PublicPreviews
from tg_parser.testkit.preview_server import FakeChannel, FakePreviews, album_post, text_post

from ..conformance.promises import Place, Promises


@pytest.fixture
def place(site: FakePreviews, previews: PublicPreviews) -> Place:
    """Three pages of twenty with an album and deleted posts."""
    channel = site.open(FakeChannel("city_news"))
    channel.publish(text_post(number) for number in range(1, 51) if number not in {7, 33, 34, 40, 41, 42})
    channel.publish([album_post([40, 41, 42], "city_news", "Парад")])
    return Place(
        previews,
        SourceSpec(kind="web_preview", location="city_news"),
        SourceSpec(kind="web_preview", location="nobody_has_this"),
    )


class TestPublicPreviews(Promises):
    """See `Promises`."""
