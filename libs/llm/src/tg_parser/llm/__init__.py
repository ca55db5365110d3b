"""The model port, its providers, and its wrappers."""

from __future__ import annotations
