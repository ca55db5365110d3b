"""`OriginalsStore` over JetStream's object store."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError
from nats.js.object_store import ObjectStore

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.subjects import BLOB_STORE
from tg_parser.ingestor.originals import without

ORIGINALS: Final = "originals/"


@dataclass(slots=True)
class ObjectOriginals:
    """Objects of the bucket all services share; their names begin with `originals/`."""

    js: JetStreamContext
    _store: ObjectStore | None = field(default=None)

    async def put(self, name: str, packed: bytes) -> None:
        """See the port."""
        try:
            await (await self._opened()).put(name, packed)
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"{name} could not be stored: {error!r}.", retry_in=2) from error

    async def get(self, name: str) -> bytes | None:
        """What is stored under `name`; None if nothing is. Raises TransientError."""
        try:
            found = await (await self._opened()).get(name)
        except NotFoundError:
            return None
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"{name} could not be read: {error!r}.", retry_in=2) from error
        return found.data

    async def erase(self, refs: Collection[str]) -> int:
        """See `ErasableOriginals`."""
        erased = frozenset(refs)
        changed = 0
        for name in await self._names():
            packed = await self.get(name)
            kept = await asyncio.to_thread(without, packed, erased.__contains__) if packed else None
            if kept is not None:
                await self.put(name, kept)
                changed += 1
        return changed

    async def _names(self) -> list[str]:
        try:
            found = await (await self._opened()).list(ignore_deletes=True)
        except NotFoundError:
            return []
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The originals could not be listed: {error!r}.", retry_in=2) from error
        return [each.name for each in found if each.name and each.name.startswith(ORIGINALS) and not each.deleted]

    async def _opened(self) -> ObjectStore:
        if self._store is None:
            self._store = await self.js.object_store(BLOB_STORE)
        return self._store
