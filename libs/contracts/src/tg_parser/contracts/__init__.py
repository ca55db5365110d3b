"""The language the services share: envelope, facts, jobs, workflow events, documents, ids, subjects. Only pydantic; no I/O."""

from __future__ import annotations
