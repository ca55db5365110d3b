"""Messages into jobs: the facts about them, read again in bulk, and the job each becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tg_parser.chassis.recorded import Recorded
from tg_parser.contracts.documents import DocumentImported
from tg_parser.contracts.ids import deterministic_id
from tg_parser.contracts.jobs import ModelChoice, ProcessingOptions, ProcessMessage
from tg_parser.contracts.messages import MessageEdited, MessageEnriched, MessageIngested
from tg_parser.contracts.model import Fact, Message
from tg_parser.contracts.subjects import FACTS, fact_filter
from tg_parser.orchestrator.ports import FactLog, Scope, Waiting

NEAR: Final = 4
"""Facts wanted stand at most so far apart on average where they are read in one request: outcomes lie between them."""


OBSERVED: Final = (MessageIngested, MessageEdited, MessageEnriched)


async def read_facts(
    log: FactLog, wanted: Sequence[int], kinds: Sequence[type[Fact]] = OBSERVED
) -> dict[int, Recorded]:
    """The facts of some kinds at the positions `wanted`, by position. One that is not there any more is missing."""
    found: dict[int, Recorded] = {}
    for kind in kinds:
        missing = sorted(seq for seq in wanted if seq not in found)
        found |= await _read(log, fact_filter(kind), missing)
    return found


async def _read(log: FactLog, subject: str, wanted: Sequence[int]) -> dict[int, Recorded]:
    found: dict[int, Recorded] = {}
    left = list(wanted)
    while left:
        near = sum(1 for seq in left if seq < left[0] + NEAR * len(left))
        page = await log.read_range(FACTS, subject, from_seq=left[0], limit=near)
        if not page:
            return found
        found |= {entry.seq: entry for entry in page}
        left = [seq for seq in left if seq > page[-1].seq]
    return {seq: found[seq] for seq in wanted if seq in found}


async def read_imported(log: FactLog, waiting: Sequence[Waiting], facts: Mapping[int, Recorded]) -> dict[int, Recorded]:
    """The documents that an earlier TG_parser made of those messages that have none of their content, by position."""
    missing = [each for each in waiting if each.seq in facts and not _standing(each, facts[each.seq].message)]
    wanted = [each.inherited for each in missing if each.inherited]
    return await read_facts(log, wanted, (DocumentImported,)) if wanted else {}


def job_id(scope: Scope, waiting: Waiting) -> str:
    """The same for the same message of the same workflow; another only if its job was lost and is issued again."""
    first = deterministic_id("job", *scope, "process", waiting.item_key)
    return f"{first}:r{waiting.issues}" if waiting.issues else first


def job_of(
    scope: Scope,
    choice: ModelChoice,
    waiting: Waiting,
    fact: Recorded,
    imported: Recorded | None = None,
    *,
    options: ProcessingOptions | None = None,
) -> ProcessMessage | None:
    """The job about the message of `fact`; None if the fact is not about a message. With `force` nothing else is known of it."""
    told = fact.message
    if not isinstance(told, MessageIngested | MessageEdited | MessageEnriched):
        return None
    inherited = imported.message if imported else None
    forced = options is not None and options.force
    return ProcessMessage(
        workflow_id=scope[0],
        generation=scope[1],
        message=told.message,
        revision=0 if isinstance(told, MessageIngested) else told.revision,
        content_hash=told.content_hash,
        channel_title=waiting.channel_title,
        choice=choice,
        known_pipeline_key="" if forced else _standing(waiting, told),
        imported=inherited.document if isinstance(inherited, DocumentImported) and not forced else None,
        source_seq=fact.seq,
        options=options,
    )


def _standing(waiting: Waiting, told: Message) -> str:
    """The pipeline of the message's current document, if that is of this very content."""
    content = told.content_hash if isinstance(told, OBSERVED) else ""
    return waiting.pipeline_key if waiting.content_hash == content else ""


def jobs_of(
    scope: Scope,
    choice: ModelChoice,
    waiting: Sequence[Waiting],
    facts: Mapping[int, Recorded],
    options: ProcessingOptions | None = None,
) -> list[tuple[Waiting, ProcessMessage]]:
    """The jobs of those messages whose facts were found, in the same order. `facts` holds imported documents too."""
    found = [
        (each, job_of(scope, choice, each, facts[each.seq], facts.get(each.inherited), options=options))
        for each in waiting
        if each.seq in facts
    ]
    return [(each, job) for each, job in found if job]
