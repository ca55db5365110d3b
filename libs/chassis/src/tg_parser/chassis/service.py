"""A running service, and running several: the same builders whether alone or together.

Every task is owned here. One that ends by itself is a fault: the service stops, and whoever runs it starts it again.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
import uvloop
from nats.micro import add_service
from nats.micro.service import Service as MicroService

from tg_parser.chassis.cancelling import cancelled
from tg_parser.chassis.chassis import Chassis
from tg_parser.chassis.errors import ChassisError, ServerUnavailable, TaskEnded
from tg_parser.chassis.garbage import settle
from tg_parser.chassis.health import HealthApp, HttpServer, Readiness, http_server
from tg_parser.chassis.jobs import GRACE, JobConsumer, JobHandler
from tg_parser.chassis.metrics import READY
from tg_parser.chassis.middleware import JobMiddleware
from tg_parser.chassis.projector import Projector

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0  # seconds between looks at whether everything answers
Task = Callable[[], Awaitable[None]]


class Service:
    """What `build` yields: the parts of a service, ready to run."""

    def __init__(
        self,
        name: str,
        *,
        chassis: Chassis,
        handlers: Sequence[JobHandler[Any]] = (),
        projectors: Sequence[Projector] = (),
        tasks: Mapping[str, Task] | None = None,
        checks: Mapping[str, Callable[[], bool]] | None = None,
        capabilities: Sequence[str] = (),
        readiness: Readiness | None = None,
        health_port: int = 0,
        health_host: str = "127.0.0.1",
    ) -> None:
        self.name = name
        self.chassis = chassis
        self.projectors = tuple(projectors)
        self.readiness = readiness or Readiness()
        self._consumers = {handler.job.KIND: JobConsumer(chassis, handler) for handler in handlers}
        self._tasks = dict(tasks or {})
        self._checks = dict(checks or {})
        self._capabilities = tuple(capabilities) or tuple(self._consumers)
        self._health = (health_host, health_port)
        self._started = asyncio.Event()

    async def started(self) -> None:
        """Wait until the service takes work."""
        await self._started.wait()

    async def ready(self) -> None:
        """Wait until its servers, consumers and projections all answered once."""
        await self.readiness.once.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises TaskEnded if a part ended by itself, ServerUnavailable if NATS is lost for good."""
        agent = await self._announce()
        http = self._health_server()
        await self._start_consumers()
        running = self._start_tasks(http)
        ending = asyncio.create_task(stop.wait(), name=f"{self.name}: stop")
        lost = asyncio.create_task(self.chassis.connection.lost.wait(), name=f"{self.name}: connection")
        self._started.set()
        try:
            await asyncio.wait({ending, lost, *running}, return_when=asyncio.FIRST_COMPLETED)
            self._raise_if_broken(lost, running, stopping=ending.done())
        finally:
            self.readiness.checks["running"] = False
            await asyncio.gather(*(consumer.stop(GRACE) for consumer in self._consumers.values()))
            await cancelled({ending, lost, *running})
            await _quietly(agent.stop())

    async def _announce(self) -> MicroService:
        return await add_service(
            self.chassis.nc,
            name=f"tg-{self.name}",
            version=semantic(version("tg-parser-chassis")),
            description=f"TG_parser {self.name}",
            metadata={"instance": self.chassis.instance, "capabilities": ",".join(self._capabilities)},
        )

    async def _start_consumers(self) -> None:
        broker = self.chassis.connection.broker
        if self._consumers:
            broker.add_middleware(partial(JobMiddleware, consumers=self._consumers, telemetry=self.chassis.telemetry))
            await broker.start()
        await asyncio.gather(*(consumer.start() for consumer in self._consumers.values()))

    def _health_server(self) -> HttpServer | None:
        host, port = self._health
        return http_server(HealthApp(self.readiness), host, port) if port else None

    def _start_tasks(self, http: HttpServer | None) -> set[asyncio.Task[None]]:
        parts: dict[str, Task] = {projector.name: projector.run for projector in self.projectors}
        parts |= self._tasks
        parts |= {"control": self.chassis.control.watch, "readiness": self._look}
        if http:
            parts["health"] = http.serve_until_cancelled
        return {asyncio.create_task(_as_coroutine(part), name=f"{self.name}: {name}") for name, part in parts.items()}

    async def _look(self) -> None:
        while True:
            database = self.chassis.database
            checks = {f"jobs:{kind}": consumer.alive for kind, consumer in self._consumers.items()}
            checks |= {f"projection:{projector.name}": projector.alive for projector in self.projectors}
            checks |= {name: check() for name, check in self._checks.items()}
            checks["nats"] = self.chassis.nc.is_connected
            if database:
                checks["postgres"] = await database.ping()
            self.readiness.update(checks)
            READY.labels(self.name).set(self.readiness.ready)
            await asyncio.sleep(LOOK_EVERY if self.readiness.ready else LOOK_EVERY / 20)

    def _raise_if_broken(self, lost: asyncio.Task[Any], running: set[asyncio.Task[None]], *, stopping: bool) -> None:
        for task in running:
            if task.done() and not stopping:
                reason = task.exception() if not task.cancelled() else None
                if isinstance(reason, ChassisError):
                    raise reason
                raise TaskEnded(f"{task.get_name()} has ended unexpectedly.") from reason
        if lost.done():
            raise ServerUnavailable(f"The {self.name} has lost its connection to NATS for good.")


async def _as_coroutine(part: Task) -> None:
    await part()


async def _quietly(ending: Awaitable[None]) -> None:
    try:
        await ending
    except Exception as error:  # the service is ending: there is nobody left to tell
        log.debug("An agent could not be signed off.", action="agent_stop", error=str(error))


def semantic(installed: str) -> str:
    """A Python version as the services protocol wants it: `4.0.0.dev0` → `4.0.0-dev0`."""
    release, separator, suffix = installed.partition(".dev")
    return f"{release}-dev{suffix}" if separator else release


async def run_together(services: Sequence[Service], stop: asyncio.Event) -> None:
    """Run services until `stop` is set; the first that breaks stops the others, and its error is raised."""
    tasks = {asyncio.create_task(service.run(stop), name=service.name) for service in services}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _main(builders: Sequence[AbstractAsyncContextManager[Service]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(builder) for builder in builders]
        settle()
        log.info("Started.", action="service_started", services=[service.name for service in services])
        await run_together(services, stop)


def run(*builders: AbstractAsyncContextManager[Service]) -> int:
    """Run the services until a signal; the exit code: 0 stopped when asked, 1 broken."""
    try:
        uvloop.run(_main(builders))
    except ChassisError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
