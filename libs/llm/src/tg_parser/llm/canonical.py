"""Canonical JSON and its digest: equal values give equal bytes, different values different bytes."""

from __future__ import annotations

import hashlib
import json


def canonical_json(value: object) -> bytes:
    """`value` as JSON with sorted keys, no spaces and ASCII escapes only.

    JSON quotes and escapes every string, so no two different values share a text: `["a,b"]` is not `["a","b"]`.
    Lone surrogates survive as escapes.

    Raises:
        ValueError: a float in `value` is NaN or infinite.
        TypeError: something in `value` is not JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest(value: object) -> str:
    """The SHA-256 of `value` in canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
