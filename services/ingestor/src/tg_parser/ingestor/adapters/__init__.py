"""Where the ingestor meets files and tables."""

from __future__ import annotations
