"""Processor: turns messages into documents.

Hears jobs ProcessMessage, ErasureRequested · Tells MessageProcessed, MessageSkipped, MessageFailed, ProcessingPaused · Owns
the paid answers of models and the ledger of calls to them (schema `processor`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tg_parser.chassis.chassis import open_chassis
from tg_parser.chassis.errors import PermanentError
from tg_parser.chassis.jobs import JobHandler
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.service import Service, run
from tg_parser.contracts import subjects
from tg_parser.contracts.jobs import ProcessMessage
from tg_parser.llm.accounts import Accounts
from tg_parser.processor.adapters.answers import open_answers
from tg_parser.processor.adapters.erasures import HeardErasures
from tg_parser.processor.adapters.ledger import open_calls
from tg_parser.processor.adapters.model_catalogue import open_models
from tg_parser.processor.asking import Questions
from tg_parser.processor.handlers import UnderstandMessage, failed
from tg_parser.processor.prompt import open_prompts
from tg_parser.processor.settings import LlmSettings, ProcessorSettings


@asynccontextmanager
async def build(settings: ProcessorSettings) -> AsyncIterator[Service]:
    """Open what the processor needs, wire it, and close it afterwards."""
    async with open_chassis(
        "processor", nats=settings.nats, postgres=settings.postgres, telemetry=settings.telemetry
    ) as chassis:
        database = chassis.require_database()
        await database.migrate("tg_parser.processor.migrations", "processor")
        questions = _questions(settings.llm)
        async with (
            open_answers(database) as answers,
            open_calls(database) as calls,
            open_models(
                settings.llm, answers, Accounts(calls, settings.llm.budget, chassis.clock), chassis.telemetry
            ) as models,
        ):
            erasures = HeardErasures(chassis.nc, answers.forget)
            handler = UnderstandMessage(models, questions, chassis.clock, erasures)
            yield Service(
                "processor",
                chassis=chassis,
                handlers=[
                    JobHandler(
                        ProcessMessage,
                        subjects.PROCESS_WORKERS,
                        handler,
                        concurrency=settings.concurrency,
                        failed=failed,
                    )
                ],
                tasks={"erasures": erasures.run},
                checks={"erasures": lambda: erasures.alive},
                health_host=settings.health_host,
                health_port=settings.health_port,
            )


def _questions(llm: LlmSettings) -> Questions:
    """How messages are put to models. Raises PermanentError if a prompt of the user's own cannot be used."""
    try:
        return Questions(open_prompts(llm.prompts), llm.max_output_tokens, llm.temperature, llm.params)
    except ValueError as invalid:
        raise PermanentError(str(invalid)) from invalid


def main() -> None:
    """Run the processor on its own."""
    settings = ProcessorSettings()
    configure_logging(settings.telemetry)
    raise SystemExit(run(build(settings)))
