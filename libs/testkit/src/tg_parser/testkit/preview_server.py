"""A stand-in for t.me on a loopback port: public previews of invented channels, twenty posts to a page, and what goes wrong with them.

It writes the markup that t.me wrote in saved pages, without its pictures.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Literal
from urllib.parse import parse_qs, urlsplit

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
NO_POSTS = (
    '<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message_centered">'
    '<div class="tme_no_messages_found">No posts found</div></div></div>'
)
OTHER_MARKUP = '<html><body><main class="feed"><article>Hello</article></main></body></html>'


@dataclass(frozen=True, slots=True)
class FakePost:
    """A post: `body` is what stands in its bubble, `outside` what stands below it, `album` the ids of all its messages."""

    number: int
    body: str
    date: datetime = FIRST_DAY
    views: str = "1.2K"
    meta: str = ""
    outside: str = ""
    service: bool = False
    album: tuple[int, ...] = ()


def text_post(number: int, text: str = "", *, views: str = "1.2K") -> FakePost:
    """A post of words, one of an hour."""
    words = text or f"Post {number}"
    body = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'
    return FakePost(number, body, FIRST_DAY + timedelta(hours=number), views)


def album_post(numbers: Sequence[int], name: str, caption: str) -> FakePost:
    """Photos sent together, under a text that the page writes into a text."""
    items = "".join(
        f'<a class="tgme_widget_message_photo_wrap grouped_media_wrap blured js-message_photo" style="left:0px;width:225px;'
        f'background-image:url(\'https://cdn.example/{number}.jpg\')" data-ratio="1" href="https://t.me/{name}/{number}?single">'
        f'<div class="grouped_media_helper"><div class="tgme_widget_message_photo grouped_media"></div></div></a>'
        for number in numbers
    )
    body = (
        '<div class="tgme_widget_message_grouped_wrap js-message_grouped_wrap"><div class="tgme_widget_message_grouped">'
        f'<div class="tgme_widget_message_grouped_layer">{items}</div></div></div>'
        '<div class="tgme_widget_message_text js-message_text" dir="auto">'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{caption}</div></div>'
    )
    return FakePost(numbers[0], body, FIRST_DAY + timedelta(hours=numbers[0]), album=tuple(numbers))


@dataclass(slots=True)
class FakeChannel:
    """A channel. `shown`: what t.me has under its name; `tells_number`: where its pages say which channel they are of."""

    name: str
    number: int = 1234567890
    title: str = "Городские новости"
    posts: dict[int, FakePost] = field(default_factory=dict[int, FakePost])
    shown: Literal["preview", "no_preview", "group", "person", "nobody", "blocked"] = "preview"
    tells_number: Literal["every_post", "single_posts", "nowhere"] = "every_post"
    tells_older: bool = True

    def publish(self, posts: Iterable[FakePost]) -> None:
        """Put posts into the channel, in place of those with the same numbers."""
        self.posts |= {post.number: post for post in posts}


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request meets instead of its answer. `moved_to`: a redirect there; `dropped`: the connection ends half-way."""

    status: int = 200
    retry_after: str = ""
    moved_to: str = ""
    markup: str | None = None
    dropped: bool = False
    no_posts: bool = False


@dataclass(slots=True)
class FakePreviews:
    """The channels, the paths that were asked for, and the faults that the next requests meet.

    `repeats_newest`: it answers as if it had not heard which posts were asked for.
    """

    base_url: str = ""
    channels: dict[str, FakeChannel] = field(default_factory=dict[str, FakeChannel])
    faults: deque[Fault] = field(default_factory=deque[Fault])
    requests: list[str] = field(default_factory=list[str])
    page_size: int = 20
    repeats_newest: bool = False

    def open(self, channel: FakeChannel) -> FakeChannel:
        """Add a channel."""
        self.channels[channel.name.lower()] = channel
        return channel

    def answer(self, target: str) -> bytes:
        """The whole answer to a request; empty: the connection is dropped."""
        self.requests.append(target)
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.dropped:
            return b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<html>"
        if fault.status != 200 or fault.moved_to:
            status = 302 if fault.moved_to else fault.status
            return _response(status, "", location=fault.moved_to, retry_after=fault.retry_after)
        address = urlsplit(target)
        names = address.path.strip("/").split("/")
        listed = names[0] == "s"
        channel = self.channels.get(names[-1 if listed else 0].lower())
        if listed and (channel is None or channel.shown != "preview"):
            return _response(302, "", location=f"https://t.me/{names[-1]}")
        if fault.markup is not None:
            return _response(200, fault.markup)
        if not listed:
            single = channel is not None and len(names) > 1
            return _response(200, _single(channel, int(names[1])) if channel and single else landing(channel, names[0]))
        before = "" if self.repeats_newest else parse_qs(address.query).get("before", [""])[0]
        return _response(200, self._page(channel, before, no_posts=fault.no_posts)) if channel else b""

    def _page(self, channel: FakeChannel, before: str, *, no_posts: bool) -> str:
        older = sorted(number for number in channel.posts if not before or number < int(before))
        shown = [] if no_posts else older[-self.page_size :]
        left = len(older) > len(shown) and bool(shown) and channel.tells_older
        more = f'<a class="tme_messages_more js-messages_more" data-before="{shown[0]}"></a>' if left else ""
        posts = "".join(widget(channel, channel.posts[number]) for number in shown)
        return (
            f'<html><head><meta property="og:title" content="{escape(channel.title)}"></head><body>'
            '<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">'
            f'<span dir="auto">{escape(channel.title)}</span></div></div>'
            '<section class="tgme_channel_history js-message_history">'
            f'<div class="tgme_widget_message_centered">{more}</div>{posts or NO_POSTS}</section></body></html>'
        )


def widget(channel: FakeChannel, post: FakePost) -> str:
    """A post among others."""
    return _widget(channel, post, view=_view(channel, post) if channel.tells_number == "every_post" else "")


def landing(channel: FakeChannel | None, name: str) -> str:
    """What is at `t.me/<name>`."""
    title = f'<div class="tgme_page_title"><span>{escape(channel.title)}</span></div>' if channel else ""
    extra = {
        "preview": "1 204 subscribers", "no_preview": "1 204 subscribers", "group": "15 848 members, 3 465 online",
        "person": f"@{name}", "nobody": "", "blocked": "",
    }[channel.shown if channel else "nobody"]  # fmt: skip
    blocked = (
        "This channel is unavailable due to copyright infringement." if channel and channel.shown == "blocked" else ""
    )
    return (
        f'<html><body><div class="tgme_page">{title if extra else ""}'
        f'<div class="tgme_page_extra">{extra}</div><div class="tgme_page_description">{blocked or "If you have "}'
        f"<strong>Telegram</strong>, you can contact <a>@{name}</a> right away.</div></div></body></html>"
    )


def _single(channel: FakeChannel, number: int) -> str:
    peer = f' data-peer="c{channel.number}_-1111"' if channel.tells_number == "single_posts" else ""
    return f"<html><body>{_widget(channel, channel.posts[number], view=peer)}</body></html>"


def _widget(channel: FakeChannel, post: FakePost, view: str) -> str:
    service = "service_message " if post.service else ""
    views = f'<span class="tgme_widget_message_views">{post.views}</span>' if post.views and not post.service else ""
    link = f"https://t.me/{channel.name}/{post.number}"
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message text_not_supported_wrap {service}js-widget_message" '
        f'data-post="{channel.name}/{post.number}"{view}><div class="tgme_widget_message_bubble">'
        '<div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name">'
        f'<span dir="auto">{escape(channel.title)}</span></a></div>{post.body}'
        '<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info">'
        f'{views}<span class="copyonly"> views</span><span class="tgme_widget_message_meta">{post.meta}'
        f'<a class="tgme_widget_message_date" href="{link}"><time datetime="{post.date.isoformat()}" class="time">10:00</time>'
        f"</a></span></div></div></div>{post.outside}</div></div>"
    )


def _view(channel: FakeChannel, post: FakePost) -> str:
    number = f"{post.number}g" if post.album else post.number
    told = json.dumps({"c": -channel.number, "p": number, "t": 1767225600, "h": "0123456789abcdef01"})
    return f' data-view="{base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")}"'


def _response(status: int, markup: str, *, location: str = "", retry_after: str = "") -> bytes:
    body = markup.encode()
    head = [f"HTTP/1.1 {status} .", "content-type: text/html; charset=utf-8", f"content-length: {len(body)}"]
    head += [f"location: {location}"] if location else []
    head += [f"retry-after: {retry_after}"] if retry_after else []
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def fake_previews() -> AsyncIterator[FakePreviews]:
    """The stand-in, listening until the block ends."""
    fake = FakePreviews()
    connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[writer] = asyncio.current_task()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                answer = fake.answer(head.split(b" ", 2)[1].decode())
                writer.write(answer)
                await writer.drain()
                if answer.endswith(b"\r\n\r\n<html>"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            del connections[writer]

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    fake.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield fake
        open_ones = dict(connections)
        for writer in open_ones:
            writer.close()
        await asyncio.gather(*filter(None, open_ones.values()))
