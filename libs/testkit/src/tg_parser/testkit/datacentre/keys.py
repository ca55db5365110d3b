"""Keys of the data centre: its RSA pair, the group of its key exchange, and who holds which authorisation key."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha1, shake_256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa as asymmetric
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.crypto import rsa as client_rsa
from telethon.tl import TLObject

from tg_parser.testkit.datacentre.people import Account

GENERATOR = 3
PRIME = int(  # the safe prime Telegram uses, core.telegram.org/mtproto/security_guidelines
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The data centre's RSA pair."""

    modulus: int
    public: int
    private: int
    pem: str
    """The public half in PKCS#1 PEM, as Telethon reads it."""

    @property
    def fingerprint(self) -> int:
        """The number a client finds the key by."""
        parts = [TLObject.serialize_bytes(client_rsa.get_byte_array(part)) for part in (self.modulus, self.public)]
        return struct.unpack("<q", sha1(b"".join(parts), usedforsecurity=False).digest()[-8:])[0]

    def decrypt(self, cipher: bytes) -> bytes:
        """The 255 bytes a client encrypted, without padding scheme as MTProto has it."""
        return pow(int.from_bytes(cipher), self.private, self.modulus).to_bytes(255)


@cache
def server_key() -> ServerKey:
    """One fresh pair a process: making one takes a tenth of a second."""
    pair = asymmetric.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = pair.private_numbers()
    pem = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    return ServerKey(numbers.public_numbers.n, numbers.public_numbers.e, numbers.d, pem)


@dataclass(slots=True, eq=False)
class KnownKey:
    """An authorisation key the data centre has agreed on with a client, and how far its holder's login is."""

    key: AuthKey
    account: Account | None = None
    """Who is logged in with it; None: nobody yet."""
    half: Account | None = None
    """Who has given the code (or been accepted by QR) but not the password yet."""
    refusal: str | None = None
    """What every call with this key is answered with, e.g. SESSION_REVOKED; None: nothing special."""
    wants_updates: bool = False
    """Whether its holder has introduced itself, and not asked to be left alone. That outlasts connections."""
    token: bytes | None = None
    """The QR token it was last shown."""
    salt: int = 0

    def __post_init__(self) -> None:
        self.salt = self.salt or int.from_bytes(self.secret[:8], "little", signed=True)

    @property
    def secret(self) -> bytes:
        """Its 256 bytes."""
        assert self.key.key is not None
        return self.key.key

    @property
    def id(self) -> int:
        """What packets name it by."""
        assert self.key.key_id is not None
        return self.key.key_id

    def next_salt(self) -> int:
        """Replace the salt: messages sealed with the old one are refused from now on."""
        self.salt = (self.salt + 1) % 2**62
        return self.salt


@dataclass(slots=True)
class Keyring:
    """All authorisation keys the data centre knows, by their id."""

    keys: dict[int, KnownKey] = field(default_factory=dict[int, KnownKey])

    def add(self, secret: bytes, account: Account | None = None) -> KnownKey:
        """Know the 256 bytes of `secret` as a key from now on."""
        known = KnownKey(AuthKey(secret), account)
        self.keys[known.id] = known
        return known

    def make(self, account: Account) -> KnownKey:
        """A key of somebody who is logged in; the n-th one of a ring is always the same."""
        return self.add(shake_256(f"key {len(self.keys)} of {account.id}".encode()).digest(256), account)

    def forget(self, known: KnownKey) -> None:
        """Know `known` no more: the transport answers its holder 404."""
        self.keys.pop(known.id, None)

    def of(self, account: Account) -> list[KnownKey]:
        """The keys `account` is logged in with."""
        return [known for known in self.keys.values() if known.account is account]


@contextmanager
def trusting(public_key_pem: str) -> Iterator[None]:
    """Within the block Telethon's clients trust this server key and no other.

    The list of keys and the list of data centres belong to the whole process; both are as before afterwards.
    """
    trusted: dict[int, Any] = vars(client_rsa)["_server_keys"]
    before, config = dict(trusted), vars(TelegramClient).get("_config")
    trusted.clear()
    try:
        client_rsa.add_key(public_key_pem, old=False)
        yield
    finally:
        trusted.clear()
        trusted.update(before)
        setattr(TelegramClient, "_config", config)  # noqa: B010 - a private name of Telethon's
