"""`python -m tg_parser.exporter`."""

from __future__ import annotations

from tg_parser.exporter.main import main

main()
