"""`python -m tg_parser.topicizer`."""

from __future__ import annotations

from tg_parser.topicizer.main import main

main()
