"""Turn the written posts of the two demo channels into a Telegram Desktop export.

The sources are ``posts_ru.txt`` and ``posts_en.txt`` beside this file, the result is ``telegram-export/result.json``.
The markup is described in ``README.md``. The same sources always give the same bytes.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCAL = timezone(timedelta(hours=3))
YEAR = 2026
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
ABOUT = "Here is the data you requested. Remember: Telegram only keeps the information it needs to function."
PHOTO_SIZES = ((1280, 853), (1280, 960), (960, 1280), (1280, 720))

# Every alternative is one entity; what no alternative matches is plain text.
INLINE = re.compile(
    r"""
      ```(?P<language>\w*)\n(?P<pre>[\s\S]*?)\n?```
    | (?P<blockquote>^>>?[ ].*(?:\n>>?[ ].*)*)
    | `(?P<code>[^`\n]+)`
    | \*\*(?P<bold>.+?)\*\*
    | \+\+(?P<underline>.+?)\+\+
    | __(?P<italic>.+?)__
    | ~~(?P<strikethrough>.+?)~~
    | \|\|(?P<spoiler>.+?)\|\|
    | \[(?P<text_link>[^\]\n]+)\]\((?P<href>[^)\s]+)\)
    | (?P<link>https?://[^\s)»]*[^\s).,;:!?»])
    | (?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.\w+)
    | (?<!\w)(?P<mention>@\w{5,})
    | (?<!\w)(?P<hashtag>\#\w*[^\W\d]\w*)
    | (?P<phone>\+7[ ]\d{3}[ ]\d{3}-\d\d-\d\d)
    | (?<![\w/])(?P<bot_command>/[a-z]{3,}(?![\w/.]))
    """,
    re.VERBOSE | re.MULTILINE,
)
HEADER = re.compile(r"^@ (?P<month>\d\d)-(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d)(?P<options>.*)$", re.MULTILINE)
FOOTER = re.compile(r"^!footer (?P<first>\d\d-\d\d)\.\.(?P<last>\d\d-\d\d) (?P<text>.+)$", re.MULTILINE)

Json = dict[str, Any]


@dataclass
class Post:
    """One block of a source file: when, how, and what it says."""

    when: datetime
    options: dict[str, str]
    body: str
    ids: list[int] = field(default_factory=list)

    def salt(self, use: str) -> int:
        """Give a number that looks random and never changes for this post."""
        return zlib.crc32(f"{use}|{self.when:%m%d%H%M}|{self.body}".encode())


@dataclass
class Channel:
    """One channel: who it is and what it posted, oldest first."""

    name: str
    bare_id: int
    posts: list[Post]

    def by_key(self) -> dict[str, Post]:
        """Index the posts other posts refer to."""
        return {post.options["key"]: post for post in self.posts if "key" in post.options}


def read_posts(path: Path) -> list[Post]:
    """Read one source file, put its footer under the posts it belongs to and number the messages."""
    source = path.read_text(encoding="utf-8")
    footer = FOOTER.search(source)
    heads = list(HEADER.finditer(source))
    ends = [head.start() for head in heads[1:]] + [len(source)]
    posts = [read_post(head, source[head.end() : end].strip(), footer) for head, end in zip(heads, ends, strict=True)]
    number_messages(posts)
    return posts


def read_post(head: re.Match[str], body: str, footer: re.Match[str] | None) -> Post:
    """Read one block; the second is not written in the source but derived from the text."""
    month, day, hour, minute = (int(head[part]) for part in ("month", "day", "hour", "minute"))
    options = {name: value for name, _, value in (word.partition("=") for word in shlex.split(head["options"]))}
    second = 0 if "service" in options else zlib.crc32(body.encode()) % 60
    when = datetime(YEAR, month, day, hour, minute, second, tzinfo=LOCAL)
    bare = not body or when.day % 5 == 0 or {"poll", "mark", "fwd", "service"} & options.keys()
    if footer and not bare and footer["first"] <= f"{when:%m-%d}" <= footer["last"]:
        body = f"{body}\n\n{footer['text']}"
    return Post(when, options, body)


def number_messages(posts: list[Post]) -> None:
    """Give growing ids; some ids are missing, as after deleted posts. An album takes one id per picture."""
    following = 1
    for post in posts:
        chance = zlib.crc32(f"{post.when:%m%d%H%M}".encode())  # of the time alone: a corrected text moves no id
        if following > 4 and chance % 9 == 0:
            following += 1 + chance % 3
        count = int(post.options.get("photo") or 1)
        post.ids = list(range(following, following + count))
        following += count


def text_parts(source: str) -> list[Json]:
    """Cut marked-up text into the parts of ``text_entities``; nothing is nested, as in the export itself."""
    parts, offset = list[Json](), 0
    for match in INLINE.finditer(source):
        if match.start() > offset:
            parts.append({"type": "plain", "text": source[offset : match.start()]})
        parts.append(entity(match))
        offset = match.end()
    if offset < len(source) or (parts and parts[-1]["type"] != "plain"):
        parts.append({"type": "plain", "text": source[offset:]})  # an empty one closes a text that ends in an entity
    return parts


def entity(match: re.Match[str]) -> Json:
    """Describe one matched entity with the extra field its type has."""
    kind = next(name for name, value in match.groupdict().items() if value is not None and name != "language")
    if kind == "blockquote":
        lines = [line.lstrip(">").removeprefix(" ") for line in match[kind].split("\n")]
        return {"type": kind, "text": "\n".join(lines), "collapsed": match[kind].startswith(">>")}
    extra = {"pre": "language", "text_link": "href"}.get(kind)
    return {"type": kind, "text": match[kind]} | ({extra: match[extra]} if extra else {})


def text_fields(source: str) -> Json:
    """Write a text in both ways an export has: ``text`` and ``text_entities``."""
    parts = text_parts(source)
    if not parts or [part["type"] for part in parts] == ["plain"]:
        return {"text": source, "text_entities": parts}
    return {"text": [part["text"] if part["type"] == "plain" else part for part in parts], "text_entities": parts}


def time_fields(prefix: str, when: datetime) -> Json:
    """Write a moment as local time without a zone and as a string of Unix seconds."""
    local = when.astimezone(LOCAL)
    return {prefix: f"{local:%Y-%m-%dT%H:%M:%S}", f"{prefix}_unixtime": str(int(when.astimezone(UTC).timestamp()))}


def media_fields(post: Post, index: int) -> Json:
    """Describe what hangs on a message, always left out of the export: picture, video, voice, sticker, document, place."""
    salt, options = post.salt(f"media{index}"), post.options
    file: Json = {"file": NOT_INCLUDED, "file_size": 90_000 + salt % 900_000}
    fields: Json = {}
    if "photo" in options:
        width, height = PHOTO_SIZES[salt % len(PHOTO_SIZES)]
        fields = {"photo": NOT_INCLUDED, "photo_file_size": 60_000 + salt % 240_000, "width": width, "height": height}
    elif "video" in options:
        fields = file | {"thumbnail": NOT_INCLUDED, "media_type": "video_file", "mime_type": "video/mp4"}
        fields |= {"duration_seconds": 12 + salt % 50, "width": 1280, "height": 720}
    elif "voice" in options:
        length = int(options["voice"])
        fields = file | {"media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": length}
    elif "sticker" in options:
        fields = file | {"media_type": "sticker", "sticker_emoji": options["sticker"], "width": 512, "height": 512}
    elif "file" in options:
        fields = {"file": NOT_INCLUDED, "file_name": options["file"], **file, "mime_type": "application/pdf"}
    elif "loc" in options:
        latitude, longitude = (float(part) for part in options["loc"].split(","))
        where = {"latitude": latitude, "longitude": longitude}
        fields = {"place_name": options["place"], "address": options["addr"], "location_information": where}
    return fields


def poll_fields(body: str) -> Json:
    """Write a poll: a ``? question`` line and one ``- votes answer`` line per answer."""
    rows = re.findall(r"^- (\d+) (.+)$", body, re.MULTILINE)
    answers = [{"text": text, "voters": int(votes), "chosen": False} for votes, text in rows]
    question, total = body.partition("\n")[0].removeprefix("? "), sum(int(votes) for votes, _ in rows)
    return {"poll": {"question": question, "closed": False, "total_voters": total, "answers": answers}}


def reaction_fields(post: Post) -> Json:
    """Write reactions in falling numbers; ``react=`` names the emoji, two posts in three have the common ones."""
    palette = post.options.get("react") or ("👍❤" if post.salt("react") % 3 else "")
    top = 9 + post.salt("count") % 180
    rows = [{"type": "emoji", "count": max(1, top // (3 * at or 1)), "emoji": e} for at, e in enumerate(palette)]
    return {"reactions": rows} if rows else {}


def service_message(post: Post, channel: Channel) -> Json:
    """Write a service message: created, new picture, new title, pinned."""
    action = post.options["service"]
    message: Json = {"id": post.ids[0], "type": "service", **time_fields("date", post.when)}
    message |= {"actor": channel.name, "actor_id": f"channel{channel.bare_id}", "action": action}
    if action == "pin_message":
        message["message_id"] = channel.by_key()[post.options["ref"]].ids[0]
    elif action == "edit_group_photo":
        message |= {"photo": NOT_INCLUDED, "photo_file_size": 41_337, "width": 640, "height": 640}
    else:
        message["title"] = post.options["title"]
    return message | text_fields("")


def post_messages(post: Post, channel: Channel, other: Channel) -> Iterator[Json]:
    """Write a post as one message, or as one message per picture of an album."""
    if "service" in post.options:
        yield service_message(post, channel)
        return
    origin = other.by_key().get(post.options.get("fwd", ""))
    shown = origin if origin and not post.body else post
    for index, message_id in enumerate(post.ids):
        message: Json = {"id": message_id, "type": "message", **time_fields("date", post.when)}
        if "edit" in post.options:
            edited = datetime.strptime(f"{YEAR}-{post.options['edit']}", "%Y-%m-%dT%H:%M").replace(tzinfo=LOCAL)
            message |= time_fields("edited", edited)
        message |= {"from": channel.name, "from_id": f"channel{channel.bare_id}"}
        message |= {"forwarded_from": other.name} if origin else {}
        if "reply" in post.options:
            message["reply_to_message_id"] = channel.by_key()[post.options["reply"]].ids[0]
        message |= media_fields(shown, index)
        message |= poll_fields(post.body) if "poll" in post.options else {}
        message |= text_fields("" if index or "poll" in post.options else shown.body)
        yield message | ({} if index else reaction_fields(post))


def chat(channel: Channel, other: Channel) -> Json:
    """Write one chat of the export."""
    messages = [message for post in channel.posts for message in post_messages(post, channel, other)]
    return {"name": channel.name, "type": "public_channel", "id": channel.bare_id, "messages": messages}


def main() -> None:
    """Build the export."""
    russian = Channel("Приреченск сегодня", 1750000001, read_posts(HERE / "posts_ru.txt"))
    english = Channel("Prirechensk in English", 1750000002, read_posts(HERE / "posts_en.txt"))
    rows = [chat(russian, english), chat(english, russian)]
    export = {"about": ABOUT, "chats": {"about": "This page lists all chats from this export.", "list": rows}}
    target = HERE / "telegram-export" / "result.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(export, ensure_ascii=False, indent=1), encoding="utf-8")
    sys.stdout.write("".join(f"{row['name']}: {len(row['messages'])} messages\n" for row in rows))


if __name__ == "__main__":
    main()
