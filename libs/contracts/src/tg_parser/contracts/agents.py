"""What a service instance says of itself, by the NATS services protocol (ADR-32)."""

from __future__ import annotations

from tg_parser.contracts.model import Contract


class AgentIdentity(Contract):
    """A running instance of a service: an agent doing a kind of work."""

    name: str
    instance: str
    version: str
    capabilities: tuple[str, ...] = ()
