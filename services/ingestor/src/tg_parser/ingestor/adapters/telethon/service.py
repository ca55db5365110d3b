"""Service messages: what happened to a chat, under the names Telegram Desktop's exports have made known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tg_parser.ingestor.adapters.telethon.dumps import Dump, constructor, count, part
from tg_parser.ingestor.adapters.telethon.text import snake_case

NAMES: Final = {
    "ChatCreate": "create_group",
    "ChatEditTitle": "edit_group_title",
    "ChatEditPhoto": "edit_group_photo",
    "ChatDeletePhoto": "delete_group_photo",
    "ChatAddUser": "invite_members",
    "ChatDeleteUser": "remove_members",
    "ChatJoinedByLink": "join_group_by_link",
    "ChatJoinedByRequest": "join_group_by_request",
    "ChannelCreate": "create_channel",
    "ChatMigrateTo": "migrate_to_supergroup",
    "ChannelMigrateFrom": "migrate_from_group",
    "HistoryClear": "clear_history",
    "GameScore": "score_in_game",
    "PaymentSent": "send_payment",
    "ScreenshotTaken": "take_screenshot",
    "BotAllowed": "allow_sending_messages",
    "SecureValuesSent": "send_passport_values",
    "ContactSignUp": "joined_telegram",
    "GeoProximityReached": "proximity_reached",
    "SetMessagesTTL": "set_messages_ttl",
    "SetChatTheme": "edit_chat_theme",
    "WebViewDataSent": "send_webview_data",
    "GiftPremium": "send_premium_gift",
    "TopicCreate": "topic_created",
    "SetChatWallPaper": "set_chat_wallpaper",
}
"""Where an export's name of an action is not the constructor's in snake case: one happening has one name in all sources."""
LEFT_OUT: Final = frozenset(
    {"_", "photo", "wallpaper", "phone", "phone_number", "access_hash", "gift", "sticker", "call"}
)
LONGEST: Final = 1_000
MOST: Final = 200
DEEPEST: Final = 3


def action_of(message: Dump) -> dict[str, Any]:
    """The action's name and what it is about, as `TelegramMessage` takes them."""
    action = part(message, "action")
    name = constructor(action).removeprefix("MessageAction")
    detail = _clean(action, DEEPEST)
    if name in {"PinMessage", "GameScore", "PaymentSent"}:
        pinned = count(part(message, "reply_to").get("reply_to_msg_id"))
        detail |= {"message_id": pinned} if pinned else {}
    return {"action": (NAMES.get(name) or snake_case(name) or "unknown")[:256], "action_detail": detail or None}


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        named = ((str(name), inner) for name, inner in value.items() if name not in LEFT_OUT)
        kept = {name[:LONGEST]: _clean(inner, depth - 1) for name, inner in named} if depth else {}
        return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])}
    if isinstance(value, (list, tuple)):
        return [_clean(inner, depth - 1) for inner in value[:MOST]] if depth else []
    if isinstance(value, str):
        return value.replace("\0", "")[:LONGEST]
    return value if isinstance(value, (bool, int, float)) else None
