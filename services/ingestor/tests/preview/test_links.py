"""What a link in a text is."""

from __future__ import annotations

import pytest

from tg_parser.ingestor.adapters.preview.links import address, link_entity


@pytest.mark.parametrize(
    ("text", "href", "entity"),
    [
        ("#новости", "?q=%23%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8", {"type": "hashtag"}),
        ("$TON", "?q=%24TON", {"type": "cashtag"}),
        ("@city_news", "https://t.me/city_news", {"type": "mention"}),
        ("@city_news", "https://t.me/other", {"type": "text_link", "url": "https://t.me/other"}),
        ("example.com", "http://example.com/", {"type": "link"}),
        ("https://example.com/a?b=1", "https://example.com/a?b=1", {"type": "link"}),
        ("подробнее", "https://example.com/a", {"type": "text_link", "url": "https://example.com/a"}),
        ("me@example.com", "mailto:me@example.com", {"type": "email"}),
        ("+7 900 000-00-00", "tel:+79000000000", {"type": "phone"}),
        ("Анна", "tg://user?id=42", {"type": "mention_name", "user_id": "42"}),
        ("/start", "tg://bot_command?command=start", {"type": "bot_command"}),
        ("настройки", "tg://settings/devices", {"type": "text_link", "url": "tg://settings/devices"}),
        ("пост", "/city_news/5", {"type": "text_link", "url": "https://t.me/city_news/5"}),
        ("нет", "javascript:alert(1)", None),
        ("нет", "data:text/html,x", None),
        ("нет", "https://[oops", None),
        ("нет", "", None),
        ("  ", "https://example.com", None),
        ("нет", "https://example.com/" + "x" * 5_000, None),
    ],
)
def test_links(text: str, href: str, entity: dict[str, str] | None) -> None:
    assert link_entity(text, href) == entity


def test_links_that_ask_before_they_open_are_escaped_twice() -> None:
    assert link_entity("a", "https://example.com/?x=1&amp;y=2", confirmed=True) == {
        "type": "text_link",
        "url": "https://example.com/?x=1&y=2",
    }
    assert link_entity("a", "https://example.com/?x=1&amp;y=2") == {
        "type": "text_link",
        "url": "https://example.com/?x=1&amp;y=2",
    }


def test_buttons_lead_to_pages_and_to_the_app_and_nowhere_else() -> None:
    assert address("https://example.com/") == "https://example.com/"
    assert address("tg://resolve?domain=x") == "tg://resolve?domain=x"
    assert address("javascript:alert(1)") is None
    assert address("") is None
