"""How every contract is written: frozen, tolerant of fields it does not know, registered under its type and version."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from tg_parser.contracts.ids import deterministic_id

Timestamp = AwareDatetime
"""A moment with its zone. Naive times are refused: TG_parser v3 lost the zone of every date."""


class Contract(BaseModel):
    """A value that services exchange. Unknown fields are ignored, so that a newer writer does not break an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="float")


class Message(Contract):
    """A contract that travels alone: a fact, a job or a workflow event, with a type and a major version of its own."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    @classmethod
    def wire_type(cls) -> str:
        """The `ce-type` header: `tg.message.ingested.v2`."""
        return f"{cls.TYPE}.v{cls.VERSION}"

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Registers a concrete message under its wire type, once."""
        super().__pydantic_init_subclass__(**kwargs)
        if "TYPE" not in cls.__dict__:
            return
        known = REGISTRY.setdefault(cls.wire_type(), cls)
        if known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.wire_type()} is claimed by both {known.__qualname__} and {cls.__qualname__}.")


class Fact(Message):
    """Something that happened, in the past tense. Kept for ever in `TG_EVT`; never changed, only followed by others."""

    PER_WORKFLOW: ClassVar[bool] = True
    """False for what is true of the world, whoever found it out: its id then does not depend on the workflow."""

    STARTS_TRACE: ClassVar[bool] = False
    """True where something enters the system: its way through all services is one trace that begins here."""

    def subject_key(self) -> str:
        """The last token of the subject: the channel the fact is about, or `all`."""
        channel = getattr(self, "channel_id", None)
        return f"c{channel}" if channel else "all"

    def about(self) -> tuple[str | int, ...]:
        """What tells this fact from others of its workflow: the same parts make the same id. By default its type alone."""
        return (self.TYPE,)

    def identity(self, workflow_id: str, generation: int) -> str:
        """The fact's deterministic id, `ce-id` and `Nats-Msg-Id`."""
        scope = (workflow_id, generation) if self.PER_WORKFLOW else ()
        return deterministic_id(*self.about(), *scope)


class Job(Message):
    """Something to be done, in the imperative. Lives in `TG_JOB` until one worker has settled it."""

    KIND: ClassVar[str]


class WorkflowEvent(Message):
    """A step in one workflow's own log, `tg.wf.v1.<workflow_id>`."""


REGISTRY: dict[str, type[Message]] = {}
"""Every message by its wire type, latest version only: older ones are upcast on reading."""
