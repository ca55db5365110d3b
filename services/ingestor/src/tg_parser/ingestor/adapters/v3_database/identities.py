"""Which channel is which. v3 named channels by whatever string it was given: a user name, or an id in one of its forms."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tg_parser.contracts.ids import MessageType, source_ref
from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.ports import SourceRefused

NUMBERED: Final = re.compile(
    r"-100(?P<marked>[0-9]{5,})|(?P<bare>[0-9]{1,20})|-(?P<group>[0-9]{1,20})|(?P<named>(?:chat|user)[0-9]+)"
)
LINK: Final = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me)/(?:s/)?", re.IGNORECASE)
USERNAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,63}")
REF: Final = re.compile(r"tg:(?P<channel>[^:]+):(?P<type>post|comment):(?P<message>-?[0-9]{1,16})")
NAMED_AT_ONCE: Final = 8  # names in a sentence


@dataclass(frozen=True, slots=True)
class Chat:
    """A channel of the databases: `names` are v3's for it, in order; `group_id` holds its comments, if that is known."""

    channel_id: str
    names: tuple[str, ...]
    username: str | None = None
    group_id: str | None = None

    def home(self, kind: MessageType) -> str:
        """The chat a message is in. A comment whose group nobody knows is named under the channel."""
        return self.group_id or self.channel_id if kind == "comment" else self.channel_id


@dataclass(frozen=True, slots=True)
class Identities:
    """Every channel of the databases, by v3's names for it."""

    by_name: Mapping[str, Chat]

    def chats(self) -> Iterator[Chat]:
        """Each channel once, by its id."""
        found = {chat.channel_id: chat for chat in self.by_name.values()}
        yield from (found[channel_id] for channel_id in sorted(found))

    def ref(self, old: Any) -> str | None:
        """Our name of the message v3 called `old`; None if it is no name, or of no channel of the databases."""
        found = REF.fullmatch(old) if isinstance(old, str) else None
        chat = self.by_name.get(found["channel"]) if found else None
        if found is None or chat is None:
            return None
        kind: MessageType = "post" if found["type"] == "post" else "comment"
        return source_ref(chat.home(kind), kind, int(found["message"]))


def bare_id(name: str) -> str | None:
    """The id that `name` is one form of; None for a user name."""
    found = NUMBERED.fullmatch(name.strip())
    if found is None:
        return None
    return found["marked"] or found["bare"] or found["named"] or f"chat{found['group']}"


def username(name: str | None) -> str | None:
    """The user name that `name` is, without what may stand before it."""
    plain = LINK.sub("", (name or "").strip(" \"'")).removeprefix("@").rstrip("/")
    return plain if USERNAME.fullmatch(plain) and bare_id(plain) is None else None


def identities(connection: sqlite3.Connection, spec: SourceSpec) -> Identities:
    """The channels of the databases' messages. What tells a user name's id: the spec, or a source that has both.

    Raises SourceRefused, naming them, if some channels cannot be told.
    """
    told = {**_paired(connection), **{_key(name): wanted for name, wanted in spec.channel_ids.items()}}
    names = [str(row[0]) for row in connection.execute("SELECT DISTINCT channel_id FROM raw_messages ORDER BY 1")]
    ids = {name: bare_id(told.get(_key(name)) or name) for name in names}
    unknown = [name for name, channel_id in ids.items() if channel_id is None]
    if spec.channel_id and len({_key(name) for name in unknown}) == 1:
        ids |= dict.fromkeys(unknown, bare_id(spec.channel_id))
        unknown = [name for name in unknown if ids[name] is None]
    if unknown:
        raise SourceRefused(_ask(unknown), "unsupported")
    return Identities(_grouped(ids, _usernames(connection), spec))


def _grouped(ids: Mapping[str, str | None], usernames: Mapping[str, str], spec: SourceSpec) -> dict[str, Chat]:
    groups = {_key(name): bare_id(wanted) for name, wanted in spec.group_ids.items()}
    chats: dict[str, Chat] = {}
    for channel_id in {channel_id for channel_id in ids.values() if channel_id}:
        names = tuple(sorted(name for name, mine in ids.items() if mine == channel_id))
        public = next(filter(None, map(username, names)), None) or usernames.get(channel_id)
        keys = [*map(_key, names), channel_id, *([_key(public)] if public else [])]
        chat = Chat(channel_id, names, public, next((groups[key] for key in keys if groups.get(key)), None))
        chats |= dict.fromkeys(names, chat)
    return chats


def _paired(connection: sqlite3.Connection) -> dict[str, str]:
    """User names whose channel's id a source knows."""
    return {_key(public): channel_id for channel_id, public in _usernames(connection).items()}


def _usernames(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT channel_id, channel_username FROM state.sources ORDER BY source_id")
    pairs = [(bare_id(str(row["channel_id"])), username(row["channel_username"])) for row in rows]
    return {channel_id: public for channel_id, public in pairs if channel_id and public}


def _key(name: str) -> str:
    """User names do not tell large letters from small ones."""
    return bare_id(name) or (username(name) or name).lower()


def _ask(unknown: list[str]) -> str:
    shown = [name[:64] for name in unknown[:NAMED_AT_ONCE]]
    more = f" and {len(unknown) - len(shown):,} more" if len(unknown) > len(shown) else ""
    options = " ".join(f"--channel-id {name}=ID" for name in shown)
    return (
        f"The databases know {', '.join(shown)}{more} by user name alone, and names change hands: "
        f"say which channels they are, with {options}."
    )
