"""The topicizer's tables and the process its grouping lives in."""

from __future__ import annotations
