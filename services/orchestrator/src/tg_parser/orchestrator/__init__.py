"""The saga: a workflow from request to export."""

from __future__ import annotations
