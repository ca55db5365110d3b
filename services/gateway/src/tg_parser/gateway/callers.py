"""Who asks: whoever has one of the keys, or anybody where there are none."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Any

from fastapi import Depends, Header

from tg_parser.gateway.problems import Problem

Caller = Any
"""What FastAPI takes as a parameter's default to name who asks."""


def caller_by(api_keys: tuple[str, ...]) -> Caller:
    """Names the caller by a key whose SHA-256 digest is among `api_keys`. Raises Problem 401 for any other."""

    async def caller(x_api_key: Annotated[str, Header(max_length=200)] = "") -> str:
        if not api_keys:
            return "anonymous"
        digest = hashlib.sha256(x_api_key.encode()).hexdigest()
        known = [hmac.compare_digest(digest, key.lower()) for key in api_keys]
        if not any(known):
            raise Problem(401, "This address needs a key in the header X-API-Key.")
        return f"key {digest[:8]}"

    return Depends(caller)
