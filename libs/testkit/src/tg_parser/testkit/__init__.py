"""Fixtures, fakes and specifications for tests. Nothing in production imports it."""

from __future__ import annotations
