"""The key exchange of a new client (core.telegram.org/mtproto/auth_key): req_pq_multi, req_DH_params, set_client_DH_params."""

from __future__ import annotations

import secrets
import time
from hashlib import sha1
from typing import Any

from telethon.crypto import AES, AuthKey
from telethon.crypto.rsa import get_byte_array
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import TLObject, functions, types

from tg_parser.testkit.datacentre.keys import GENERATOR, PRIME, Keyring, server_key

P, Q = 0x494C553B, 0x53911073  # the factors of the sample in Telegram's documentation
SHORTEST = 1 << 2040
"""Telethon drops leading zero bytes of a key: smaller ones would be other keys once they have been in a session's text."""
DIGEST = 20  # bytes of SHA1 before an encrypted object


class Handshake:
    """One client's exchange. The agreed key is in `keyring` at the end of it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._nonce = 0
        self._server_nonce = 0
        self._new_nonce = 0
        self._a = 0

    def answer(self, request: TLObject) -> TLObject:
        """What the client's unencrypted `request` is answered. Raises ConnectionError for a step out of line."""
        match request:
            case functions.ReqPqMultiRequest():
                return self._offer(request)
            case functions.ReqDHParamsRequest():
                return self._half(request)
            case functions.SetClientDHParamsRequest():
                return self._agree(request)
            case _:
                raise ConnectionError(f"{type(request).__name__} is not a step of the key exchange.")

    def _offer(self, request: functions.ReqPqMultiRequest) -> TLObject:
        self._nonce = request.nonce
        self._server_nonce = int.from_bytes(secrets.token_bytes(16), signed=True)
        return types.ResPQ(self._nonce, self._server_nonce, get_byte_array(P * Q), [server_key().fingerprint])

    def _half(self, request: functions.ReqDHParamsRequest) -> TLObject:
        inner: types.PQInnerData = _object(server_key().decrypt(request.encrypted_data))
        self._new_nonce = inner.new_nonce
        self._a = int.from_bytes(secrets.token_bytes(256))
        params = types.ServerDHInnerData(
            nonce=self._nonce, server_nonce=self._server_nonce, g=GENERATOR, dh_prime=get_byte_array(PRIME),
            g_a=get_byte_array(pow(GENERATOR, self._a, PRIME)), server_time=int(time.time()),
        )  # fmt: skip
        plain = bytes(params)
        cipher = AES.encrypt_ige(sha1(plain, usedforsecurity=False).digest() + plain, *self._aes())
        return types.ServerDHParamsOk(self._nonce, self._server_nonce, bytes(cipher))

    def _agree(self, request: functions.SetClientDHParamsRequest) -> TLObject:
        inner: types.ClientDHInnerData = _object(bytes(AES.decrypt_ige(request.encrypted_data, *self._aes())))
        shared = pow(int.from_bytes(inner.g_b), self._a, PRIME)
        if shared < SHORTEST:
            again = AuthKey(get_byte_array(shared)).calc_new_nonce_hash(self._new_nonce, 2)
            return types.DhGenRetry(self._nonce, self._server_nonce, again)
        known = self._keyring.add(get_byte_array(shared))
        return types.DhGenOk(self._nonce, self._server_nonce, known.key.calc_new_nonce_hash(self._new_nonce, 1))

    def _aes(self) -> tuple[bytes, bytes]:
        return generate_key_data_from_nonce(self._server_nonce, self._new_nonce)


def _object(plain: bytes) -> Any:
    with BinaryReader(plain[DIGEST:]) as reader:
        return reader.tgread_object()
