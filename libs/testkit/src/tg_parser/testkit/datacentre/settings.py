"""Methods that every client calls before anything else, and those of exports (`takeout`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from telethon.tl import functions, types

from tg_parser.testkit.datacentre.addressing import signed_in
from tg_parser.testkit.datacentre.keys import KnownKey
from tg_parser.testkit.datacentre.methods import Methods

HOST, NUMBER = "127.0.0.1", 2  # of the data centre


def settings(port: Callable[[], int], now: Callable[[], datetime]) -> Methods:
    """The methods of a data centre that listens on `port`."""

    def config(known: KnownKey, request: Any) -> Any:
        here = types.DcOption(NUMBER, HOST, port())
        return types.Config(
            date=now(), expires=now() + timedelta(hours=1), test_mode=False, this_dc=NUMBER, dc_options=[here],
            dc_txt_domain_name="", chat_size_max=200, megagroup_size_max=200_000, forwarded_count_max=100,
            online_update_period_ms=210_000, offline_blur_timeout_ms=5_000, offline_idle_timeout_ms=30_000,
            online_cloud_timeout_ms=300_000, notify_cloud_delay_ms=30_000, notify_default_delay_ms=1_500,
            push_chat_period_ms=60_000, push_chat_limit=2, edit_time_limit=172_800, revoke_time_limit=2**31 - 1,
            revoke_pm_time_limit=2**31 - 1, rating_e_decay=2_419_200, stickers_recent_limit=200,
            channels_read_media_period=604_800, call_receive_timeout_ms=20_000, call_ring_timeout_ms=90_000,
            call_connect_timeout_ms=30_000, call_packet_timeout_ms=10_000, me_url_prefix="https://t.me/",
            caption_length_max=1_024, message_length_max=4_096, webfile_dc_id=NUMBER,
        )  # fmt: skip

    return {functions.help.GetConfigRequest: config}


def exports() -> Methods:
    """The methods that begin and end an export."""

    def begin(known: KnownKey, request: Any) -> Any:
        return types.account.Takeout(signed_in(known).id)

    def end(known: KnownKey, request: Any) -> Any:
        signed_in(known)
        return True

    return {
        functions.account.InitTakeoutSessionRequest: begin,
        functions.account.FinishTakeoutSessionRequest: end,
    }
