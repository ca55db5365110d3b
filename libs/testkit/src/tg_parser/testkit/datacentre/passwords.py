"""Two-factor passwords: the server's side of SRP (core.telegram.org/api/srp). The password itself never comes along."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256, shake_256
from typing import Any

from telethon.crypto.rsa import get_byte_array
from telethon.password import big_num_for_hash, compute_hash
from telethon.tl import types

from tg_parser.testkit.datacentre.keys import GENERATOR, PRIME
from tg_parser.testkit.datacentre.people import Account
from tg_parser.testkit.datacentre.refusals import refusal

SIZE = 256  # bytes of a number within a hash


@dataclass(frozen=True, slots=True)
class _Question:
    account: Account
    verifier: int
    secret: int
    public: int


@dataclass(slots=True)
class Passwords:
    """Questions that were asked and have not been answered yet."""

    _open: dict[int, _Question] = field(default_factory=dict[int, _Question])

    def question(self, account: Account) -> Any:
        """What `account.getPassword` answers."""
        algorithm = _algorithm(account)
        if account.password is None:
            return types.account.Password(algorithm, types.SecurePasswordKdfAlgoUnknown(), b"")
        verifier = pow(GENERATOR, int.from_bytes(compute_hash(algorithm, account.password)), PRIME)
        secret = int.from_bytes(secrets.token_bytes(SIZE))
        public = (_multiplier() * verifier + pow(GENERATOR, secret, PRIME)) % PRIME
        number = secrets.randbits(62)
        self._open[number] = _Question(account, verifier, secret, public)
        return types.account.Password(
            algorithm, types.SecurePasswordKdfAlgoUnknown(), b"", has_password=True, current_algo=algorithm,
            srp_B=big_num_for_hash(public), srp_id=number,
        )  # fmt: skip

    def check(self, account: Account, answer: Any) -> None:
        """Compare an answer with the password. Raises Refused if it is another one; each question can be answered once."""
        question = self._open.pop(answer.srp_id, None)
        if question is None or question.account is not account:
            raise refusal("SRP_ID_INVALID")
        if not secrets.compare_digest(_proof(question, answer.A), answer.M1):
            raise refusal("PASSWORD_HASH_INVALID")


def _algorithm(account: Account) -> Any:
    salts = shake_256(f"salts of {account.id}".encode()).digest(16)
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        salts[:8], salts[8:], GENERATOR, get_byte_array(PRIME)
    )


def _multiplier() -> int:
    return int.from_bytes(_hashed(big_num_for_hash(PRIME), big_num_for_hash(GENERATOR)))


def _proof(question: _Question, theirs: bytes) -> bytes:
    algorithm = _algorithm(question.account)
    ours = big_num_for_hash(question.public)
    mixed = int.from_bytes(_hashed(theirs, ours))
    shared = pow(int.from_bytes(theirs) * pow(question.verifier, mixed, PRIME), question.secret, PRIME)
    groups = zip(_hashed(big_num_for_hash(PRIME)), _hashed(big_num_for_hash(GENERATOR)), strict=True)
    return _hashed(
        bytes(one ^ other for one, other in groups), _hashed(algorithm.salt1), _hashed(algorithm.salt2),
        theirs, ours, _hashed(big_num_for_hash(shared)),
    )  # fmt: skip


def _hashed(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()
