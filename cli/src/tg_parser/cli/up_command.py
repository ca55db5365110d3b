"""`tg-parser up`: everything in one process, until somebody stops it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tg_parser.cli.all_in_one import Composition, running
from tg_parser.cli.instance import announced
from tg_parser.gateway.settings import GatewaySettings


def composition(
    data_dir: Path, port: int | None, import_roots: Sequence[Path], export_roots: Sequence[Path]
) -> Composition:
    """How to put the system together. Files may be read from and written to the working folder unless other folders are named."""
    here = Path.cwd()
    return Composition(
        data_dir,
        import_roots=tuple(path.resolve() for path in import_roots) or (here,),
        export_roots=tuple(path.resolve() for path in export_roots) or (here,),
        port=port if port is not None else preferred_port(GatewaySettings().port),
    )


def preferred_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else 0: any free one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


async def keep_running(system: Composition, console: Console) -> None:
    """Run until cancelled. Raises what broke, if something does."""
    async with running(system) as started, announced(system.data_dir, started.url):
        console.print(
            f"TG_parser is ready at {started.url}  (data in {system.data_dir}; Ctrl-C stops it)", highlight=False
        )
        await asyncio.Event().wait()
