"""Why a name has no preview is told in a sentence and a cause."""

from __future__ import annotations

import pytest

from tg_parser.ingestor.adapters.preview.landing import refusal
from tg_parser.testkit.preview_server import OTHER_MARKUP, FakeChannel, landing


@pytest.mark.parametrize(
    ("shown", "cause", "words"),
    [
        ("no_preview", "no_preview", "without a public preview"),
        ("group", "no_preview", "is a group"),
        ("person", "unsupported", "a person or a bot"),
        ("nobody", "not_found", "There is no channel @city_news."),
        ("blocked", "no_preview", "This channel is unavailable due to copyright infringement."),
    ],
)
def test_refusals(shown: str, cause: str, words: str) -> None:
    channel = FakeChannel("city_news")
    channel.shown = shown  # pyright: ignore[reportAttributeAccessIssue] -- one of its literals
    refused = refusal(landing(channel, "city_news"), "city_news")
    assert refused.cause == cause
    assert words in str(refused)


def test_an_empty_page_is_nobodys() -> None:
    assert refusal("", "city_news").cause == "not_found"


def test_a_page_of_another_kind_says_nothing_of_the_name() -> None:
    refused = refusal(OTHER_MARKUP, "city_news")
    assert refused.cause == "unreadable"
    assert "its markup may have changed" in str(refused)
