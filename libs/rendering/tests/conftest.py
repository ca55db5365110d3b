"""Messages as the tests of rendering need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tg_parser.contracts.messages import TelegramMessage

Message = Callable[..., TelegramMessage]


@pytest.fixture(scope="session")
def message() -> Message:
    def make(text: str = "", *entities: dict[str, Any], **members: Any) -> TelegramMessage:
        return TelegramMessage.model_validate(
            {
                "channel_id": "1",
                "message_id": 7,
                "date": datetime(2026, 3, 1, tzinfo=UTC),
                "text": text,
                "entities": entities,
                **members,
            }
        )

    return make
