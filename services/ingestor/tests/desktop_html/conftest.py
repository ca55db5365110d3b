"""A writer of HTML exports: the pages Telegram Desktop makes of the messages of a JSON export, line break for line break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

Row = dict[str, Any]
Tree = tuple[str, dict[str, str], list[Any]]

TAGS = {
    "bold": "strong", "italic": "em", "code": "code", "pre": "pre", "underline": "u", "strikethrough": "s",
    "blockquote": "blockquote",
}  # fmt: skip
SCRIPTS = {"hashtag": "ShowHashtag", "cashtag": "ShowCashtag", "bot_command": "ShowBotCommand"}
SENTENCES = {
    "create_channel": "Channel «{title}» created",
    "edit_group_title": "Channel title changed to «{title}»",
    "edit_group_photo": "Channel photo changed",
    "pin_message": "{actor} pinned this message",
    "invite_members": "{actor} invited Борис and Вера",
    "join_group_by_link": "{actor} joined group by link from Вера",
    "migrate_from_group": "{actor} converted a basic group to this supergroup «{title}»",
    "topic_created": "{actor} created topic «{title}»",
    "boost_apply": "{actor} boosted the group 2 times",
}
LINES = {
    "sticker": ("media_photo", "Sticker"), "video_message": ("media_video", "Video message"),
    "voice_message": ("media_voice_message", "Voice message"), "animation": ("media_video", "Animation"),
    "video_file": ("media_video", "Video file"), "audio_file": ("media_audio_file", "Audio file"),
}  # fmt: skip
WRAPS = {"sticker": "sticker", "animation": "animated", "video_file": "video_file"}


@pytest.fixture
def write_both(tmp_path: Path) -> Callable[..., Path]:
    """Writes one chat as `result.json` and as HTML pages into a folder; returns the folder."""

    def write(*rows: Row, folder: str = "chat", page: int = 1000, zone: str = "Europe/Berlin", **chat: Any) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        head: Row = {"name": "Городские новости", "type": "public_channel", "id": 1234567890} | chat
        (path / "result.json").write_text(json.dumps(head | {"messages": rows}, ensure_ascii=False, indent=1), "utf-8")
        for number, text in enumerate(Writer(head["name"], ZoneInfo(zone), page).pages(list(rows)), 1):
            (path / f"messages{number if number > 1 else ''}.html").write_text(text, "utf-8")
        return path

    return write


class Writer:
    """Writes the pages of one chat."""

    def __init__(self, title: str, zone: ZoneInfo, page: int) -> None:
        self.title, self.zone, self.page = title, zone, page
        self.dividers = 0
        self.last_of_page: list[int] = []

    def pages(self, rows: list[Row]) -> Iterator[str]:
        slices = [rows[at : at + self.page] for at in range(0, len(rows), self.page)] or [[]]
        for number, part in enumerate(slices):
            yield "<!DOCTYPE html>" + lay_out(self._page(part, number, last=part is slices[-1]))
            self.last_of_page.append(part[-1]["id"] if part else 0)

    def _page(self, rows: list[Row], number: int, *, last: bool) -> Tree:
        history: list[Any] = []
        if number:
            history.append(node("a", ["Previous messages"], cls="pagination block_link", href=name_of(number - 1)))
        previous: Row | None = None
        for row in rows:
            if previous is None or self._time(previous).date() != self._time(row).date():
                history.append(self._divider(row))
            history.append(self._service(row) if row["type"] != "message" else self._default(row, previous))
            previous = row
        if not rows:
            history.append(service(-1, "No exported messages"))
        if not last:
            history.append(node("a", ["Next messages"], cls="pagination block_link", href=name_of(number + 1)))
        head = node("head", [node("link", None, href="css/style.css", rel="stylesheet")])
        header = div("page_header", div("content", div("text bold", text(self.title))))
        body = div("page_wrap", header, div("page_body chat_page", div("history", *history)))
        return node("html", [head, node("body", [body], onload="CheckLocation();")])

    def _time(self, row: Row) -> datetime:
        return datetime.fromtimestamp(int(row["date_unixtime"]), self.zone)

    def _stamp(self, moment: datetime, *, zone: bool) -> str:
        standard = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())  # in summer, too
        minutes = int(standard.total_seconds() // 60)
        offset = f" UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        return moment.strftime("%d.%m.%Y %H:%M:%S") + (offset if zone else "")

    def _divider(self, row: Row) -> Tree:
        self.dividers += 1
        return service(-self.dividers, f"{self._time(row).day} {self._time(row):%B %Y}")

    def _service(self, row: Row) -> Tree:
        if row["type"] == "unsupported":
            return service(
                row["id"], "This message is not supported by this version of Telegram Desktop. Please update …"
            )
        sentence = SENTENCES[row["action"]].format(actor=row.get("actor") or "Deleted", title=row.get("title"))
        return service(row["id"], text(sentence))

    def _default(self, row: Row, previous: Row | None) -> Tree:
        joined = previous is not None and joins(row, previous) and self._time(row).date() == self._time(previous).date()
        moment = self._time(row)
        body: list[Any] = [
            node("div", [f"{moment:%H:%M}"], cls="pull_right date details", title=self._stamp(moment, zone=True))
        ]
        via = f" via {row['via_bot']}" if row.get("via_bot") else ""
        if not joined:
            body.append(
                div(
                    "from_name",
                    text(f"{row.get('from') or 'Deleted Account'} {'' if 'forwarded_from' in row else via}"),
                )
            )
        content = [*self._reply(row), *media(row), *parts(row), *buttons(row)]
        if row.get("author"):
            content.append(div("signature details", text(row["author"])))
        if "forwarded_from" in row:
            content = [div("forwarded body", *([] if joined else [self._origin(row, via)]), *content)]
        body += [*content, *reactions(row)]
        picture = [] if joined else [div("pull_left userpic_wrap", div("userpic userpic5", div("initials", "Г")))]
        whole = [*picture, div("body", *body)]
        return node("div", whole, cls="message default clearfix" + " joined" * joined, id=f"message{row['id']}")

    def _origin(self, row: Row, via: str) -> Tree:
        moment = datetime.fromtimestamp(int(row.get("forwarded_date_unixtime", 1_600_000_000)), self.zone)
        date = f'<span class="date details" title="{self._stamp(moment, zone=True)}"> {self._stamp(moment, zone=False)}</span>'
        return div("from_name", text(f"{row['forwarded_from'] or 'Deleted Account'} {via}") + date)

    def _reply(self, row: Row) -> list[Tree]:
        reply = row.get("reply_to_message_id")
        if not reply:
            return []
        if row.get("reply_to_peer_id"):
            return [div("reply_to details", "In reply to a message in another chat")]
        page = next((name_of(at) for at, last in enumerate(self.last_of_page) if reply <= last), "")
        return [div("reply_to details", f'In reply to <a href="{page}#go_to_message{reply}">this message</a>')]


def joins(row: Row, previous: Row) -> bool:
    """Whether a message is written without its head."""
    same = all(row.get(name) == previous.get(name) for name in ("from", "from_id", "via_bot", "forwarded_from"))
    apart = int(row["date_unixtime"]) - int(previous["date_unixtime"])
    alike = previous["type"] == "message" and ("forwarded_from" in row) == ("forwarded_from" in previous)
    return same and alike and row.get("from_id") is not None and apart <= (1 if row.get("forwarded_from") else 900)


def media(row: Row) -> list[Tree]:
    """What hangs on a message."""
    if "poll" in row:
        return [div("media_wrap clearfix", poll(row["poll"]))]
    if isinstance(row.get("photo"), str):
        return [file(row["photo"], "photo", "media_photo", "Photo", f"{row['width']}x{row['height']}")]
    if isinstance(row.get("file"), str):
        return [document(row)]
    if "location_information" in row:
        return [place(row)]
    if "contact_information" in row:
        contact = row["contact_information"]
        return [
            line("media_contact", f"{contact['first_name']} {contact['last_name']}", status=contact["phone_number"])
        ]
    return []


def document(row: Row) -> Tree:
    """A file that is no photo."""
    kind = row.get("media_type", "")
    classes, title = LINES.get(kind, ("media_file", row.get("file_name") or "File"))
    if row.get("performer") and row.get("title"):
        title = f"{row['performer']} – {row['title']}"
    length = clock(row.get("duration_seconds", 0))
    status = row.get("sticker_emoji") or ", ".join([length] * ("duration_seconds" in row) + ["1.5 KB"])
    extra = [div("video_duration", length)] if kind == "video_file" else []
    return file(row["file"], WRAPS.get(kind), classes, title, status, *extra)


def file(path: str, wrap: str | None, classes: str, title: str, status: str, *extra: Tree) -> Tree:
    """A file with a preview, if it was exported; a line about it, if not."""
    missing = path.startswith("(")
    if missing or wrap is None:
        return line(
            classes,
            title,
            status=status,
            description="Not included, change …" if missing else "",
            href="" if missing else path,
        )
    picture = node("img", None, cls=wrap, src=f"{path}_thumb.jpg")
    return div("media_wrap clearfix", node("a", [*extra, picture], cls=f"{wrap}_wrap clearfix pull_left", href=path))


def line(classes: str, title: str, *, status: str = "", description: str = "", href: str = "") -> Tree:
    """A line about a file, a place or a contact."""
    said = [("title bold", title), ("description", description), ("status details", status)]
    body = div("body", *(div(name, text(value)) for name, value in said if value))
    link = {"href": href} if href else {}
    names = f"media clearfix pull_left {'block_link ' if href else ''}{classes}"
    return div("media_wrap clearfix", node("a" if href else "div", [div("fill pull_left"), body], cls=names, **link))


def place(row: Row) -> Tree:
    """A point on the map."""
    point = "{latitude}, {longitude}".format_map(row["location_information"])
    link = f"https://maps.google.com/maps?q={point.replace(' ', '')}&ll={point.replace(' ', '')}&z=16"
    if "place_name" in row:
        return line("media_venue", row["place_name"], description=row["address"], href=link)
    live = "live_location_period_seconds" in row
    return line("media_live_location" if live else "media_location", "Location", status=point, href=link)


def poll(row: Row) -> Tree:
    """A poll."""

    def votes(count: int) -> str:
        return f"{count} vote{'s' * (count > 1)}" if count else "No votes"

    answers = [
        div(
            "answer",
            "- "
            + text(answer["text"])
            + f' <span class="details">{votes(answer["voters"])}</span>' * bool(answer["voters"]),
        )
        for answer in row["answers"]
    ]
    state = "Final results" if row["closed"] else "Anonymous poll"
    total = div("total details\t", votes(row["total_voters"]))
    return div("media_poll", div("question bold", text(row["question"])), div("details", state), *answers, total)


def parts(row: Row) -> list[Tree]:
    """The text."""
    styled = "".join(part_of(part) for part in row["text_entities"])
    return [div("text", styled)] if styled else []


def part_of(part: Row) -> str:
    """One part of a text."""
    shown, kind = text(part["text"]), part["type"]
    if kind in TAGS:
        return f"<{TAGS[kind]}>{shown}</{TAGS[kind]}>"
    if kind in SCRIPTS:
        return f'<a href="" onclick="return {SCRIPTS[kind]}(&quot;{shown[1:]}&quot;)">{shown}</a>'
    if kind == "spoiler":
        return (
            f'<span class="spoiler hidden" onclick="ShowSpoiler(this)"><span aria-hidden="true">{shown}</span></span>'
        )
    if kind == "custom_emoji":
        return f'<a href = "{text(part["document_id"])}">{shown}</a>'
    if kind == "mention_name":
        return f'<a href="" onclick="return ShowMentionName()">{shown}</a>'
    links = {"link": shown, "email": f"mailto:{shown}", "phone": f"tel:{shown}", "mention": f"https://t.me/{shown[1:]}"}
    link = links.get(kind) or (text(part["href"]) if kind == "text_link" else "")
    return f'<a href="{link}">{shown}</a>' if link else shown


def buttons(row: Row) -> list[Tree]:
    """The buttons under a message."""

    def button(one: Row) -> Tree:
        leads = {"href": one["data"]} if one["type"] == "url" else {"onclick": "return ShowTextCopied('…');"}
        return div("bot_button", node("a", [div("", text(one["text"]))], **leads))

    rows = [
        node("tr", [node("td", [button(one) for one in line], cls="bot_button_row")])
        for line in row.get("inline_bot_buttons", [])
    ]
    return [node("table", [node("tbody", rows)], cls="bot_buttons_table")] if rows else []


def reactions(row: Row) -> list[Tree]:
    """The reactions to a message."""
    found: list[Any] = []
    for one in row.get("reactions", []):
        shown = {"emoji": one.get("emoji", ""), "paid": "⭐"}.get(
            one["type"]
        ) or f'<a href="{one["document_id"]}">👋</a>'
        faces = [node("span", [div("userpic userpic1")] * len(one.get("recent", [])), cls="userpics")]
        count = [] if len(one.get("recent", [])) == one["count"] else [node("span", [str(one["count"])], cls="count")]
        content = [node("span", [shown], cls="emoji"), *faces, *count]
        found.append(node("span", content, cls="reaction" + " paid" * (one["type"] == "paid")))
    return [node("span", found, cls="reactions")] if found else []


def service(message_id: int, sentence: str) -> Tree:
    """A line across the page."""
    return node("div", [div("body details", sentence)], cls="message service", id=f"message{message_id}")


def node(tag: str, children: list[Any] | None, **attributes: str) -> Tree:
    """An element; one without children at all is empty."""
    names = {"class" if name == "cls" else name: value for name, value in attributes.items()}
    return tag, names, ["/"] if children is None else children


def div(cls: str, *children: Any) -> Tree:
    """A `div`."""
    return node("div", list(children), cls=cls)


def text(value: str) -> str:
    """Text as the pages have it."""
    return "".join(f"&#x{ord(c):02X};" if c < " " and c != "\n" else c for c in escape(value)).replace("\n", "<br>")


def clock(seconds: int) -> str:
    """A duration."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def name_of(page: int) -> str:
    """The file of a page, counted from 0."""
    return f"messages{page + 1 if page else ''}.html"


def lay_out(tree: Tree, depth: int = 0) -> str:
    """An element with its line breaks and spaces."""
    tag, attributes, children = tree
    said = "".join(f' {name}="{escape(value)}"' for name, value in sorted(attributes.items()))
    if children == ["/"]:
        return f"\n{' ' * depth}<{tag}{said}/>\n"
    inside = "".join(child if isinstance(child, str) else lay_out(child, depth + 1) for child in children)
    return f"\n{' ' * depth}<{tag}{said}>\n{inside}\n{' ' * depth}</{tag}>\n"
