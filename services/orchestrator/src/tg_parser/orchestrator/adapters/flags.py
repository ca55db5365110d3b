"""Control flags and progress snapshots in JetStream's key-value buckets."""

from __future__ import annotations

from dataclasses import dataclass, field

from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.kv import KeyValue

from tg_parser.chassis.control import ControlFlags, Flag
from tg_parser.chassis.errors import TransientError
from tg_parser.contracts.subjects import PROGRESS_BUCKET
from tg_parser.contracts.workflows import WorkflowProgress


@dataclass(frozen=True, slots=True)
class WorkerFlags:
    """The flags every worker watches."""

    control: ControlFlags

    async def stop(self, workflow_id: str) -> None:
        """Set the flag to cancelled."""
        await self._set(workflow_id, "cancelled")

    async def pause(self, workflow_id: str) -> None:
        """Set the flag to paused."""
        await self._set(workflow_id, "paused")

    async def resume(self, workflow_id: str) -> None:
        """Set the flag to running."""
        await self._set(workflow_id, "running")

    def running(self, workflow_id: str) -> bool:
        """Whether the flag is neither paused nor cancelled."""
        return self.control.flag(workflow_id) == "running"

    async def _set(self, workflow_id: str, flag: Flag) -> None:
        try:
            await self.control.set(workflow_id, flag)
        except (NatsError, TimeoutError) as error:
            raise TransientError(f"The workers of workflow {workflow_id} cannot be told that it is {flag}.") from error


@dataclass
class ProgressBucket:
    """The newest numbers of each workflow, and no older ones."""

    js: JetStreamContext
    _bucket: KeyValue | None = field(default=None)

    async def put(self, progress: WorkflowProgress) -> None:
        """Replace a workflow's numbers."""
        try:
            self._bucket = self._bucket or await self.js.key_value(PROGRESS_BUCKET)
            await self._bucket.put(progress.workflow_id, progress.model_dump_json().encode())
        except (NatsError, TimeoutError) as error:
            raise TransientError("The live numbers cannot be written just now.") from error
