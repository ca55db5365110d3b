"""`python -m tg_parser.processor`."""

from __future__ import annotations

from tg_parser.processor.main import main

main()
