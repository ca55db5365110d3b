"""Packets on the TCP stream: MTProto's "full" transport, which Telethon speaks unless told otherwise.

The format is core.telegram.org/mtproto/mtproto-transports#full: length, number, payload, CRC32.
"""

from __future__ import annotations

import asyncio
import struct
from zlib import crc32

OVERHEAD = 12  # bytes: length, number and checksum
PACKET_LIMIT = 16 * 1024 * 1024  # bytes


async def read_packet(reader: asyncio.StreamReader) -> bytes | None:
    """The next payload, or None when the client has gone.

    Raises ConnectionError where the stream is something else than the full transport, or a checksum is wrong.
    """
    try:
        head = await reader.readexactly(8)
        length, _number = struct.unpack("<ii", head)
        if not OVERHEAD < length <= PACKET_LIMIT:
            raise ConnectionError(f"A packet of {length} bytes: the client does not speak the full TCP transport.")
        rest = await reader.readexactly(length - 8)
    except asyncio.IncompleteReadError:
        return None
    if crc32(head + rest[:-4]) != struct.unpack("<I", rest[-4:])[0]:
        raise ConnectionError("The checksum of a packet is wrong.")
    return rest[:-4]


def packet(payload: bytes, number: int) -> bytes:
    """`payload` as the `number`-th packet of a connection, counted from 0."""
    framed = struct.pack("<ii", len(payload) + OVERHEAD, number) + payload
    return framed + struct.pack("<I", crc32(framed))
