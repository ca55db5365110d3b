"""Every stream, subject, bucket and durable name of the system, each with its sentence. Nobody else writes one down."""

from __future__ import annotations

from typing import Final

from tg_parser.contracts.ids import channel_token
from tg_parser.contracts.jobs import Lane
from tg_parser.contracts.model import Fact, Job

FACTS: Final = "TG_EVT"
"""The facts. Kept for ever; `discard=new`; deletes only for erasure."""
WORKFLOWS: Final = "TG_WF"
"""Each workflow's own event log, one exact subject each; appends use the expected last sequence of that subject."""
JOBS: Final = "TG_JOB"
"""The work queue. At most a window of jobs per subject, enforced by the server; purge of a subject is cancellation."""
TIMERS: Final = "TG_TIMER"
"""Scheduled messages: stage time-outs and, later, retries and cron."""
DEAD_LETTERS: Final = "TG_DLQ"
"""Full copies of what could not be done, with the reason."""
ADVISORIES: Final = "TG_ADV"
"""The server's own notices of jobs that ran out of deliveries or were terminated."""

CONTROL_BUCKET: Final = "tg_control"
"""Key `wf.<id>`: running, paused or cancelled. Watched by workers."""
PROGRESS_BUCKET: Final = "tg_progress"
"""Key `<id>`: live numbers of a workflow. Not history: only the newest value is kept."""
BLOB_STORE: Final = "tg_blob"
"""Object store for payloads too large for a message."""

FACT_SUBJECTS: Final = "tg.evt.>"
WORKFLOW_SUBJECTS: Final = "tg.wf.v1.*"
JOB_SUBJECTS: Final = "tg.job.>"
TIMER_SUBJECTS: Final = "tg.timer.>"
TIMER_FIRED_SUBJECTS: Final = "tg.timerfired.>"
FOLLOW_FIRED: Final = "tg.timerfired.follow."
"""What the subjects of fired timers of followed sources begin with; the others name a workflow."""
SOURCE_SUBJECTS: Final = "tg.evt.source.*.*.*"
"""Every fact about registered sources."""
ERASURE_SUBJECTS: Final = "tg.evt.*.erasurerequested.*.*"
"""Every request to erase, of messages and of whole channels."""
DEAD_LETTER_SUBJECTS: Final = "tg.dlq.>"
ADVISORY_SUBJECTS: Final = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
)

INGEST_WORKERS: Final = "ingest"
"""Durable of the ingestors on TG_JOB."""
PROCESS_WORKERS: Final = "process"
"""Durable of the processors on TG_JOB."""
TOPICIZE_WORKERS: Final = "topicize"
"""Durable of the topicizers on TG_JOB."""
EXPORT_WORKERS: Final = "export"
"""Durable of the exporters on TG_JOB."""
WORKFLOW_REACTOR: Final = "wf-reactor"
"""Durable of the orchestrators on TG_WF: turns log events into jobs, timers and control flags."""
TIMER_REACTOR: Final = "wf-timers"
"""Durable of the orchestrators on fired timers."""
SOURCE_FOLLOWER: Final = "source-follower"
"""Durable of the orchestrators on TG_EVT: hears what is told about registered sources."""
ERASERS: Final = "ingest-erasure"
"""Durable of the ingestors on TG_EVT: hears what is to be erased. Nobody else deletes from a stream of facts."""
DEAD_LETTER_JANITOR: Final = "dlq-janitor"
"""Durable of the orchestrators on TG_ADV: settles jobs whose worker died too often."""


def fact_subject(fact: Fact) -> str:
    """`tg.evt.<entity>.<event>.v<major>.<channel>`."""
    return f"tg.evt.{fact.TYPE.removeprefix('tg.')}.v{fact.VERSION}.{fact.subject_key()}"


def fact_filter(fact_type: type[Fact], channel_id: str | None = None) -> str:
    """Every version of a kind of fact, of one channel or of all."""
    return f"tg.evt.{fact_type.TYPE.removeprefix('tg.')}.*.{channel_token(channel_id) if channel_id else '*'}"


def workflow_subject(workflow_id: str) -> str:
    """The one exact subject of a workflow's log."""
    return f"tg.wf.v1.{workflow_id}"


def job_subject(job: type[Job], lane: Lane, workflow_id: str) -> str:
    """Where a workflow's jobs of a kind wait."""
    return f"tg.job.{job.KIND}.v{job.VERSION}.{lane}.{workflow_id}"


def dead_letter_filter(job: type[Job]) -> str:
    """Every dead letter of a kind of job."""
    return f"tg.dlq.{job.KIND}.*"


def job_filter(job: type[Job]) -> str:
    """Every job of a kind, from every lane and workflow."""
    return f"tg.job.{job.KIND}.v{job.VERSION}.*.*"


def workflow_jobs_filter(workflow_id: str, job: type[Job] | None = None) -> str:
    """A workflow's jobs from every lane, of one kind or of all."""
    kind = f"{job.KIND}.v{job.VERSION}" if job else "*.*"
    return f"tg.job.{kind}.*.{workflow_id}"


def timer_subject(workflow_id: str, stage: str) -> str:
    """Where a stage's schedule is kept; purging it cancels the timer."""
    return f"tg.timer.{workflow_id}.{stage}"


def timer_fired_subject(workflow_id: str, stage: str) -> str:
    """Where the server puts the message of a schedule that has come."""
    return f"tg.timerfired.{workflow_id}.{stage}"


def follow_timer_subject(source_id: str) -> str:
    """Where the schedule of a followed source's next look is kept."""
    return f"tg.timer.follow.{source_id}"


def follow_timer_fired_subject(source_id: str) -> str:
    """Where the server puts the message when it is time to look."""
    return f"{FOLLOW_FIRED}{source_id}"


def dead_letter_subject(kind: str, workflow_id: str) -> str:
    """Where a job's full copy goes when it could not be done."""
    return f"tg.dlq.{kind}.{workflow_id or 'none'}"


def control_key(workflow_id: str) -> str:
    """The key of a workflow's control flag."""
    return f"wf.{workflow_id}"
