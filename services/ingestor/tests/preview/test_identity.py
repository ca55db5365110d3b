"""A page tells in passing which channel it is of."""

from __future__ import annotations

import base64
import json

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tg_parser.ingestor.adapters.preview.identity import channel_of, post_of


def node(**attributes: str) -> LexborNode:
    told = " ".join(f'data-{name}="{value}"' for name, value in attributes.items())
    found = LexborHTMLParser(f"<div class='w' {told}></div>").css_first(".w")
    assert found is not None
    return found


def view(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_the_number_is_in_the_view_of_every_post() -> None:
    told = "eyJjIjotMTAwNjUwMzEyMiwicCI6NTQ4LCJ0IjoxNzkwMTc5NzU2LCJoIjoiMmY3ZjE0MTc5MWU0MTlhNzYwIn0"
    assert channel_of(node(view=told)) == "1006503122"


def test_a_number_in_the_form_bots_use_is_the_same_channel() -> None:
    assert channel_of(node(view=view({"c": -1001234567890}))) == "1234567890"


def test_a_post_alone_tells_it_as_a_peer() -> None:
    assert channel_of(node(peer="c1234567890_-1111111111111111111")) == "1234567890"


@pytest.mark.parametrize(
    "told",
    [
        "",
        "!!!",
        "e30",
        view([1]),
        view({"c": "5"}),
        view({"c": 0}),
        view({"c": True}),
        view({"p": 5}),
        "a",
        "[" * 9,
        "W10",
    ],
)
def test_what_tells_no_number_is_not_guessed(told: str) -> None:
    assert channel_of(node(view=told)) is None


def test_a_post_has_a_name_and_a_number() -> None:
    assert post_of(node(post="City_News/17")) == ("City_News", 17)
    assert post_of(node(post="city_news/x")) is None
    assert post_of(node()) is None
