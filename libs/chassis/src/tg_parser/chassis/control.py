"""Control flags of workflows: running, paused or cancelled. Watched, so that asking costs a worker nothing."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import structlog
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.kv import KeyValue

from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.subjects import CONTROL_BUCKET, control_key

log = structlog.get_logger(__name__)

Flag = Literal["running", "paused", "cancelled"]
FLAGS: Final[dict[bytes, Flag]] = {b"running": "running", b"paused": "paused", b"cancelled": "cancelled"}
RETRY = 1.0  # seconds between attempts to watch again


class ControlFlags:
    """The flags as last heard. A workflow without a flag is running."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._flags: dict[str, Flag] = {}
        self._bucket: KeyValue | None = None

    def flag(self, workflow_id: str) -> Flag:
        """What a workflow's workers should do now."""
        return self._flags.get(workflow_id, "running")

    def cancelled(self, workflow_id: str) -> bool:
        """Whether work on behalf of the workflow is in vain."""
        return self.flag(workflow_id) == "cancelled"

    async def set(self, workflow_id: str, flag: Flag) -> None:
        """Tell every worker. Raises TransientError if the server is away."""
        try:
            bucket = self._bucket or await self._js.key_value(CONTROL_BUCKET)
            await bucket.put(control_key(workflow_id), flag.encode())
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The flag of workflow {workflow_id} could not be set: {error!r}.") from error
        self._flags[workflow_id] = flag

    async def watch(self) -> None:
        """Hear of changes, for ever; a supervised task."""
        while True:
            try:
                await self._listen()
            except (NatsError, TimeoutError) as error:
                log.warning("Control flags cannot be watched just now.", action="control_waiting", error=str(error))
            await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        self._bucket = await self._js.key_value(CONTROL_BUCKET)
        watcher = await self._bucket.watchall()
        try:
            async for entry in watcher:
                if entry is None:
                    continue
                flag = FLAGS.get(entry.value or b"")
                workflow_id = entry.key.removeprefix("wf.")
                if flag is None:
                    self._flags.pop(workflow_id, None)
                else:
                    self._flags[workflow_id] = flag
        finally:
            await watcher.stop()
