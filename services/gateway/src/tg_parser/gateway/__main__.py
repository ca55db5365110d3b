"""`python -m tg_parser.gateway`."""

from __future__ import annotations

from tg_parser.gateway.main import main

main()
