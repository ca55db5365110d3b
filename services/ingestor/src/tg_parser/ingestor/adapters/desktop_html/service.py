"""Service messages: a page says in English what a JSON export names. They are given the same names.

The sentences are Telegram Desktop's own (`HtmlWriter::Wrap::pushMessage`), whatever its own language is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ANYONE: Final = r"(?P<actor>.+?)"
TITLE: Final = r"«(?P<title>.*)»"
SENTENCES: Final[tuple[tuple[str, str], ...]] = (
    (rf"{ANYONE} created group {TITLE}(?: with members .*)?", "create_group"),
    (rf"{ANYONE} changed group title to {TITLE}", "edit_group_title"),
    (rf"Channel title changed to {TITLE}", "edit_group_title"),
    (rf"{ANYONE} changed group photo", "edit_group_photo"),
    (r"Channel photo changed", "edit_group_photo"),
    (rf"{ANYONE} removed group photo", "delete_group_photo"),
    (r"Channel photo removed", "delete_group_photo"),
    (rf"{ANYONE} invited .* to the voice chat", "invite_to_group_call"),
    (rf"{ANYONE} invited .*", "invite_members"),
    (rf"{ANYONE} removed .*", "remove_members"),
    (rf"{ANYONE} joined group by link from .*", "join_group_by_link"),
    (rf"{ANYONE} joined group by request", "join_group_by_request"),
    (rf"Channel {TITLE} created", "create_channel"),
    (rf"{ANYONE} converted this group to a supergroup", "migrate_to_supergroup"),
    (rf"{ANYONE} converted a basic group to this supergroup {TITLE}", "migrate_from_group"),
    (rf"{ANYONE} pinned this message", "pin_message"),
    (r"History cleared", "clear_history"),
    (rf"{ANYONE} scored -?\d+ in this game", "score_in_game"),
    (r"You (?:were charged|have successfully transferred .* for) .*", "send_payment"),
    (rf"{ANYONE} took a screenshot", "take_screenshot"),
    (r"You allowed this bot to message you when you added it in .*", "attach_menu_bot_allowed"),
    (r"You allowed this bot to message you .*", "allow_sending_messages"),
    (r"You have sent the following documents: .*", "send_passport_values"),
    (rf"{ANYONE} joined Telegram", "joined_telegram"),
    (r".* now within .* from .*", "proximity_reached"),
    (rf"{ANYONE} requested your phone number", "requested_phone_number"),
    (r"Voice chat scheduled for .*", "group_call_scheduled"),
    (rf"{ANYONE} scheduled a voice chat for .*", "group_call_scheduled"),
    (r"Voice chat(?: \(\d+ seconds\))?", "group_call"),
    (rf"{ANYONE} started voice chat(?: \(\d+ seconds\))?", "group_call"),
    (r"New messages will (?:not )?auto-delete.*", "set_messages_ttl"),
    (rf"{ANYONE} has set messages (?:not )?to auto-delete.*", "set_messages_ttl"),
    (r"Channel theme was .*", "edit_chat_theme"),
    (rf"{ANYONE} (?:disabled chat theme|changed chat theme to .*)", "edit_chat_theme"),
    (r"You have just successfully transferred data from the .* button to the bot", "send_webview_data"),
    (rf"{ANYONE} sent you a gift.*", "send_premium_gift"),
    (rf"{ANYONE} created topic {TITLE}", "topic_created"),
    (rf"{ANYONE} changed topic .*", "topic_edit"),
    (rf"{ANYONE} suggests to use this photo", "suggest_profile_photo"),
    (rf"{ANYONE} set a new background for this chat", "set_chat_wallpaper"),
    (rf"{ANYONE} set the same background for this chat", "set_same_chat_wallpaper"),
    (rf"{ANYONE} boosted the group.*", "boost_apply"),
)
PATTERNS: Final = tuple((re.compile(pattern, re.DOTALL), action) for pattern, action in SENTENCES)
UNSUPPORTED: Final = "This message is not supported by this version of Telegram Desktop."
UNKNOWN: Final = "unknown"
LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True)
class ServiceSentence:
    """What happened to a chat: the action's name in JSON exports, who did it if it says so, and the sentence itself."""

    action: str
    actor: str | None
    sentence: str


def service_of(sentence: str) -> ServiceSentence:
    """What a sentence tells; the action is `unknown` if it is none of Telegram Desktop's."""
    for pattern, action in PATTERNS:
        if found := pattern.fullmatch(sentence):
            return ServiceSentence(action, found.groupdict().get("actor"), sentence[:LONGEST])
    return ServiceSentence(UNKNOWN, None, sentence[:LONGEST])
