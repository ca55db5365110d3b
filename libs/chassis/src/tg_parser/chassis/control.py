"""Control flags of workflows: running, paused or cancelled. Watched, so that asking costs a worker nothing."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.kv import KeyValue

from tg_parser.chassis.errors import TransientError
from tg_parser.chassis.reader import OrderedReader
from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.subjects import CONTROL_BUCKET, control_key

log = structlog.get_logger(__name__)

Flag = Literal["running", "paused", "cancelled"]
FLAGS: Final[dict[bytes, Flag]] = {b"running": "running", b"paused": "paused", b"cancelled": "cancelled"}
RETRY = 1.0  # seconds between attempts to watch again
BATCH = 100  # flags; how many are looked at together makes no difference
BUCKET_STREAM: Final = f"KV_{CONTROL_BUCKET}"  # a bucket is a stream (ADR-8)
BUCKET_SUBJECT: Final = f"$KV.{CONTROL_BUCKET}."


class ControlFlags:
    """The flags as last heard. A workflow without a flag is running."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
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
            bucket = self._bucket or await self._nc.jetstream().key_value(CONTROL_BUCKET)
            self._bucket = bucket
            await bucket.put(control_key(workflow_id), flag.encode())
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The flag of workflow {workflow_id} could not be set: {error!r}.") from error
        self._flags[workflow_id] = flag

    async def watch(self) -> None:
        """Hear of changes, for ever; a supervised task.

        Read as any stream is: nats-py's own watcher does not survive the loss of its consumer, and says nothing.
        """
        while True:
            try:
                async with OrderedReader(self._nc, BUCKET_STREAM, [f"{BUCKET_SUBJECT}>"]) as reader:
                    async for batch in reader.batches(BATCH):
                        for entry in batch:
                            self._heard(entry)
            except (NatsError, TimeoutError) as error:
                log.warning("Control flags cannot be watched just now.", action="control_waiting", error=str(error))
            await asyncio.sleep(RETRY)

    def _heard(self, entry: Recorded) -> None:
        workflow_id = entry.subject.removeprefix(BUCKET_SUBJECT + control_key(""))
        flag = FLAGS.get(entry.body)
        if flag is None:  # deleted, or written by a newer version
            self._flags.pop(workflow_id, None)
        else:
            self._flags[workflow_id] = flag
