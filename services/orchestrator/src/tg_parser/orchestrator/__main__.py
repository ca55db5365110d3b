"""`python -m tg_parser.orchestrator`."""

from __future__ import annotations

from tg_parser.orchestrator.main import main

main()
