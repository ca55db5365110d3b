"""Asks the service of this container how it is: `healthcheck.py livez|readyz`. Exit code 0: well, 1: not, or nobody answers.

Standard library only. The port is where the service's own settings put it: `TG_<SERVICE>__HEALTH_PORT`; the gateway, also
that of the all-in-one image, answers on the port it serves.
"""

from __future__ import annotations

import http
import http.client
import os
import sys
from collections.abc import Mapping

TIMEOUT = 4.0  # seconds; the container runtime gives five


def port(service: str, environment: Mapping[str, str]) -> int:
    """Where `service` tells its health. 0 if it has been told not to."""
    if service in {"gateway", "cli"}:
        return int(environment.get("TG_GATEWAY__PORT", "8000"))
    return int(environment.get(f"TG_{service.upper()}__HEALTH_PORT", "0"))


def status(number: int, path: str) -> int:
    """The HTTP status of `path` on this machine. Raises OSError or HTTPException if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", number, timeout=TIMEOUT)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> int:
    """The exit code."""
    service = os.environ["SERVICE"]
    number = port(service, os.environ)
    if not number:
        sys.stderr.write(f"Nobody can ask the {service}: TG_{service.upper()}__HEALTH_PORT is not set.\n")
        return 1
    try:
        answer = status(number, sys.argv[1])
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"The {service} does not answer on port {number}: {error}.\n")
        return 1
    return 0 if answer == http.HTTPStatus.OK else 1


if __name__ == "__main__":
    raise SystemExit(main())
