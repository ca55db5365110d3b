"""What every service would otherwise repeat: the log, projections, jobs, telemetry, health, settings, embedded servers."""

from __future__ import annotations
