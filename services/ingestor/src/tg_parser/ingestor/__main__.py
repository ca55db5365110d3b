"""`python -m tg_parser.ingestor`."""

from __future__ import annotations

from tg_parser.ingestor.main import main

main()
