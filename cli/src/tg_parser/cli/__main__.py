"""`python -m tg_parser.cli`."""

from __future__ import annotations

from tg_parser.cli.main import main

main()
