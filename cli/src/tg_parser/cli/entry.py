"""Where the installed command begins. It imports nothing: worker processes run this module again and need none of it."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from tg_parser.cli.main import main as run  # noqa: PLC0415 - see above

    run()
