"""One client's connection: packets in and out, the key they are sealed with, and MTProto's own messages."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, functions, types
from telethon.tl.core import GzipPacked, RpcResult

from tg_parser.testkit.datacentre.envelope import MessageIds, Opened, container, open_packet, seal, unpacked
from tg_parser.testkit.datacentre.handshake import Handshake
from tg_parser.testkit.datacentre.keys import Keyring, KnownKey
from tg_parser.testkit.datacentre.wire import packet, read_packet

UNKNOWN_KEY = -404  # what the transport says instead of a message
WRONG_SALT = 48
GZIP_FROM = 512  # bytes of an answer
PLAIN = struct.Struct("<qqi")  # no key, message id, length

OnCall = Callable[["Connection", int, TLRequest], None]


class Connection:
    """A connection. `acknowledged`: the messages whose arrival its client has confirmed."""

    def __init__(self, keyring: Keyring, writer: asyncio.StreamWriter, on_call: OnCall) -> None:
        self.known: KnownKey | None = None
        self.acknowledged: set[int] = set()
        self._keyring, self._writer, self._on_call = keyring, writer, on_call
        self._handshake = Handshake(keyring)
        self._ids = MessageIds()
        self._session = 0
        self._packets = 0
        self._told = 0

    @property
    def listens(self) -> bool:
        """Whether its client wants to hear of changes."""
        return self.known is not None and self.known.wants_updates and self._session != 0

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the client or the data centre ends the connection."""
        while not self._writer.is_closing():
            payload = await read_packet(reader)
            if payload is None:
                return
            self._take_packet(payload)

    def close(self) -> None:
        """End the connection once everything written has been sent."""
        self._writer.close()

    def answer(self, msg_id: int, body: bytes) -> None:
        """Send the result of a call, and acknowledge the call."""
        content = bytes(GzipPacked(body)) if len(body) > GZIP_FROM else body
        result = struct.pack("<Iq", RpcResult.CONSTRUCTOR_ID, msg_id) + content
        ack = (self._ids.next(answers=False), self._number(content=False), bytes(types.MsgsAck([msg_id])))
        self._send(container([ack, (self._ids.next(answers=True), self._number(content=True), result)]), content=False)

    def acknowledge(self, msg_id: int) -> None:
        """Say that a call has come, without answering it."""
        self._send(bytes(types.MsgsAck([msg_id])), content=False)

    def tell(self, updates: Any) -> None:
        """Send news the client has not asked for."""
        self._send(bytes(updates), content=True)

    def _take_packet(self, payload: bytes) -> None:
        (key_id,) = struct.unpack_from("<Q", payload)
        if key_id == 0:
            self._shake_hands(payload)
            return
        self.known = self._keyring.keys.get(key_id)
        if self.known is None:
            self._write(struct.pack("<i", UNKNOWN_KEY))
            return
        message = open_packet(self.known.secret, payload)
        if message.salt != self.known.salt:
            self._refuse_salt(message)
            return
        if message.session_id != self._session:
            self._session = message.session_id
            created = types.NewSessionCreated(message.msg_id, message.session_id, self.known.salt)
            self._send(bytes(created), content=True)
        for msg_id, _, content in unpacked(message.msg_id, message.seq_no, message.body):
            self._take(msg_id, content)

    def _refuse_salt(self, message: Opened) -> None:
        """Tell the client the salt it has to use. The session counts as new until the client does."""
        assert self.known is not None
        refusal = types.BadServerSalt(message.msg_id, message.seq_no, WRONG_SALT, self.known.salt)
        self._send(bytes(refusal), content=False, session=message.session_id)

    def _shake_hands(self, payload: bytes) -> None:
        with BinaryReader(payload[PLAIN.size :]) as reader:
            request: Any = reader.tgread_object()
        answer = bytes(self._handshake.answer(request))
        self._write(PLAIN.pack(0, self._ids.next(answers=True), len(answer)) + answer)

    def _take(self, msg_id: int, content: Any) -> None:
        match content:
            case types.MsgsAck():
                self.acknowledged |= set(content.msg_ids)
            case functions.PingRequest() | functions.PingDelayDisconnectRequest():
                self._send(bytes(types.Pong(msg_id, content.ping_id)), content=False)
            case functions.GetFutureSaltsRequest():
                self._send(bytes(self._salts(msg_id)), content=False)
            case functions.DestroySessionRequest():
                self._send(bytes(types.DestroySessionOk(content.session_id)), content=False)
            case TLRequest():
                self._on_call(self, msg_id, content)
            case _:
                return  # MsgsStateInfo and the like: nothing was asked that needs them

    def _salts(self, msg_id: int) -> Any:
        assert self.known is not None
        now = datetime.now(UTC)
        salts: Any = [types.FutureSalt(now, now + timedelta(days=1), self.known.salt)]
        return types.FutureSalts(msg_id, int(now.timestamp()), salts)

    def _send(self, body: bytes, *, content: bool, session: int | None = None) -> None:
        known = self.known
        if known is None or self._writer.is_closing():
            return
        message = Opened(
            known.salt, session or self._session, self._ids.next(answers=False), self._number(content=content), body
        )
        self._write(seal(known.secret, known.id, message))

    def _number(self, *, content: bool) -> int:
        """A sequence number: twice how many messages with content came before, and one more for those that have some."""
        number = 2 * self._told + content
        self._told += content
        return number

    def _write(self, payload: bytes) -> None:
        self._writer.write(packet(payload, self._packets))
        self._packets += 1
