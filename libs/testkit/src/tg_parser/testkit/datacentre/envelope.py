"""MTProto 2.0 messages, opened and sealed as a server does it (core.telegram.org/mtproto/description)."""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.tl.core import GzipPacked, MessageContainer

CLIENT, SERVER = 0, 8  # the offset into the key, by who seals
HEAD = struct.Struct("<qqqii")  # salt, session, message id, sequence number, length


@dataclass(frozen=True, slots=True)
class Opened:
    """A message of a client."""

    salt: int
    session_id: int
    msg_id: int
    seq_no: int
    body: bytes


class MessageIds:
    """Ids of a server's messages: time-like, always rising, 1 mod 4 for answers and 3 mod 4 for the rest."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, *, answers: bool) -> int:
        """An id above all earlier ones. It holds the real time: a client refuses ids far from its own clock."""
        fresh = max(int(time.time() * 2**32) & ~3, self._last + 4 & ~3)
        self._last = fresh | (1 if answers else 3)
        return self._last


def open_packet(key: bytes, payload: bytes) -> Opened:
    """The message in `payload`, which begins with the key's id. Raises ConnectionError where it is not sealed with `key`."""
    msg_key = payload[8:24]
    plain = bytes(AES.decrypt_ige(payload[24:], *_aes(key, msg_key, CLIENT)))
    if sha256(key[88:120] + plain).digest()[8:24] != msg_key:
        raise ConnectionError("A message's key does not fit its content.")
    salt, session_id, msg_id, seq_no, length = HEAD.unpack_from(plain)
    return Opened(salt, session_id, msg_id, seq_no, plain[HEAD.size : HEAD.size + length])


def seal(key: bytes, key_id: int, message: Opened) -> bytes:
    """`message` as a packet's payload."""
    plain = (
        HEAD.pack(message.salt, message.session_id, message.msg_id, message.seq_no, len(message.body)) + message.body
    )
    plain += secrets.token_bytes(-(len(plain) + 12) % 16 + 12)
    msg_key = sha256(key[96:128] + plain).digest()[8:24]
    return struct.pack("<Q", key_id) + msg_key + bytes(AES.encrypt_ige(plain, *_aes(key, msg_key, SERVER)))


def unpacked(msg_id: int, seq_no: int, body: bytes) -> Iterator[tuple[int, int, Any]]:
    """The TL objects in a message, out of containers and gzip, each with its message id and sequence number."""
    with BinaryReader(body) as reader:
        yield from _flat(msg_id, seq_no, reader.tgread_object())


def container(messages: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Several messages (id, sequence number, body) as the body of one."""
    parts = [struct.pack("<Ii", MessageContainer.CONSTRUCTOR_ID, len(messages))]
    for msg_id, seq_no, body in messages:
        parts += [struct.pack("<qii", msg_id, seq_no, len(body)), body]
    return b"".join(parts)


def _flat(msg_id: int, seq_no: int, content: Any) -> Iterator[tuple[int, int, Any]]:
    if isinstance(content, MessageContainer):
        for inner in content.messages:
            yield from _flat(inner.msg_id, inner.seq_no, inner.obj)
    elif isinstance(content, GzipPacked):
        yield from unpacked(msg_id, seq_no, content.data)
    else:
        yield msg_id, seq_no, content


def _aes(key: bytes, msg_key: bytes, side: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + key[side : side + 36]).digest()
    b = sha256(key[side + 40 : side + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]
