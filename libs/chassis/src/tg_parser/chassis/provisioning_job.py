"""`python -m tg_parser.chassis.provisioning_job`: streams and consumers as they should be, once, for a deployment.

Exit code 0: everything stands; what had drifted is in the log. 1: the server did not answer.
"""

from __future__ import annotations

import asyncio
import sys

import structlog

from tg_parser.chassis.connection import open_connection
from tg_parser.chassis.errors import ChassisError
from tg_parser.chassis.logging import configure_logging
from tg_parser.chassis.provision import Drift, provision
from tg_parser.chassis.settings import NatsSettings, TelemetrySettings

log = structlog.get_logger(__name__)


async def provision_once(settings: NatsSettings) -> list[Drift]:
    """Connect, provision, and say what had drifted."""
    async with open_connection("provisioning", settings) as connection:
        return await provision(connection.nc, settings)


def main() -> None:
    """Run the job."""
    configure_logging(TelemetrySettings())
    try:
        drifts = asyncio.run(provision_once(NatsSettings()))
    except ChassisError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from error
    for drift in drifts:
        log.warning(
            "A setting had drifted and was corrected.", action="provision_drift", name=drift.name, setting=drift.setting
        )
    log.info("Streams and consumers stand.", action="provisioned", corrected=len(drifts))


if __name__ == "__main__":
    main()
