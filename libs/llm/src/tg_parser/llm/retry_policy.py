"""What to do about an error: the one place where it is decided by its class. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tg_parser.llm.errors import (
    InvalidOutputError,
    ModelError,
    OverloadedError,
    ThrottledError,
    TransportError,
    TruncatedError,
)

Step = Literal["again", "repair", "grow", "give_up"]
"""Ask again, in a second turn with what was wrong, with a larger budget, or not at all."""


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How much is tried.

    Attributes:
        again: repetitions after transport errors and overload.
        first_wait_s: seconds before the first of them; doubled for each further one.
        longest_wait_s: seconds.
        repairs: second turns after an answer of the wrong shape.
        most_output_tokens: up to which a truncated answer's budget is doubled.
        patience_s: seconds after which nothing is repeated any more, whatever the error.
    """

    again: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    repairs: int = 1
    most_output_tokens: int = 8192
    patience_s: float = 240.0


@dataclass(frozen=True, slots=True)
class Effort:
    """What was tried for one question so far."""

    faults: int = 0
    repairs: int = 0
    waited_s: float = 0.0


def next_step(error: ModelError, effort: Effort, max_output_tokens: int, rules: RetryRules) -> Step:
    """What follows from `error`, after `effort`, for a question that may take `max_output_tokens`.

    A throttled call is repeated as long as there is patience: the limiter lets it wait for its time. Auth, an unknown
    model, a refusal, an invalid or too long request end the same way however often they are sent.
    """
    if effort.waited_s >= rules.patience_s:
        return "give_up"
    match error:
        case ThrottledError():
            return "again"
        case TransportError() | OverloadedError():
            return "again" if effort.faults < rules.again else "give_up"
        case InvalidOutputError():
            return "repair" if effort.repairs < rules.repairs else "give_up"
        case TruncatedError():
            return "grow" if 2 * max_output_tokens <= rules.most_output_tokens else "give_up"
        case _:
            return "give_up"


def wait_before(error: ModelError, effort: Effort, rules: RetryRules, chance: float) -> float:
    """Seconds to wait before asking again; `chance` in [0, 1) spreads those who failed together.

    None for a throttled call: the limiter has it wait with everybody else.
    """
    if isinstance(error, ThrottledError):
        return 0.0
    longest = min(rules.longest_wait_s, rules.first_wait_s * 2**effort.faults)
    return longest * (0.5 + chance / 2)


def after(error: ModelError, effort: Effort) -> Effort:
    """`effort` with one more attempt that ended in `error`."""
    match error:
        case TransportError() | OverloadedError():
            return replace(effort, faults=effort.faults + 1)
        case InvalidOutputError():
            return replace(effort, repairs=effort.repairs + 1)
        case _:
            return effort
