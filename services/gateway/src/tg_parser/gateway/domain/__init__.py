"""How a workflow stands, folded from its own log. Pure."""

from __future__ import annotations
