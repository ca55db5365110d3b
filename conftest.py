"""Fixtures for every test of the workspace."""

from __future__ import annotations

import os

pytest_plugins = ["tg_parser.testkit.servers", "tg_parser.testkit.outages", "tg_parser.testkit.otlp"]

for name in [
    name for name in os.environ if name.startswith(("TG_", "OTEL_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "LLM_"))
]:
    del os.environ[name]  # a developer's own settings must not reach the tests
