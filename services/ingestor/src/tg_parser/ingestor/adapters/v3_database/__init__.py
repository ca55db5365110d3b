"""The three SQLite databases of TG_parser v2, v3.0 and v3.1: its messages, and what it had come to.

They are opened for reading only and read in a process of their own. v3 left out messages without text, so that nothing is
claimed to be covered; it kept only the first version it saw of a message, and noted when that was.
"""

from __future__ import annotations
