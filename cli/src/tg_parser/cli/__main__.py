"""`python -m tg_parser.cli`."""

from __future__ import annotations

from tg_parser.cli.entry import main

main()
