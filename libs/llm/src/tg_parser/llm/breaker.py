"""When to stop asking: a model that fails again and again, or whose key is wrong, is left alone and then tried by one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tg_parser.llm.errors import (
    AuthFailedError,
    InvalidRequestError,
    ModelError,
    ModelUnavailableError,
    OverloadedError,
    ThrottledError,
    TransportError,
    UnknownModelError,
)

IN_A_ROW = 5  # failures without any answer between them
FIRST_REST = 5.0  # seconds; doubled each time the trial fails
LONGEST_REST = 300.0  # seconds

_FAULTS = (TransportError, OverloadedError, InvalidRequestError)
_CONFIGURATION = (AuthFailedError, UnknownModelError)


class CircuitBreaker:
    """Whether one model may be asked. Closed: yes. Open: no. After its rest: one call may try, and decides for all.

    An answer of any quality is a sign of life, and so is being throttled: that is the limiter's business.

    Args:
        who: the model, as the beginning of a sentence.
        clock: monotonic seconds.
    """

    def __init__(self, who: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._who = who
        self._clock = clock
        self._in_a_row = 0
        self._rest = FIRST_REST
        self._open_until: float | None = None
        self._trying = False
        self._why: ModelError | None = None

    @property
    def is_open(self) -> bool:
        """Whether the model is left alone, or on trial."""
        return self._open_until is not None

    def check(self) -> None:
        """Return if a call may be made now.

        Raises:
            ModelUnavailableError: none may, with the reason and the time of the next trial.
        """
        if self._open_until is None:
            return
        left = self._open_until - self._clock()
        if left > 0 or self._trying:
            raise self._unavailable(max(left, 1.0))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one call: its outcome is counted. Raises ModelUnavailableError as `check` does, also where the call opens it."""
        self.check()
        on_trial = self.is_open
        self._trying = on_trial
        try:
            yield
        except ModelError as error:
            self._failed(error)
            if isinstance(error, _CONFIGURATION):
                raise self._unavailable(self._rest) from error
            raise
        else:
            self._answered()
        finally:
            if on_trial:
                self._trying = False

    def _answered(self) -> None:
        self._in_a_row = 0
        self._rest = FIRST_REST
        self._open_until = None
        self._why = None

    def _failed(self, error: ModelError) -> None:
        if isinstance(error, ThrottledError):
            return
        if not isinstance(error, (*_FAULTS, *_CONFIGURATION)):
            self._answered()
            return
        self._in_a_row += 1
        if self._open_until is not None or self._in_a_row >= IN_A_ROW or isinstance(error, _CONFIGURATION):
            self._open(error)

    def _open(self, error: ModelError) -> None:
        now = self._clock()
        if self._open_until is not None and self._open_until > now:
            return  # one of several calls that were under way when the first of them opened it
        if self._open_until is not None:
            self._rest = min(LONGEST_REST, self._rest * 2)
        self._why = error
        self._open_until = now + self._rest

    def _unavailable(self, left: float) -> ModelUnavailableError:
        needs_person = isinstance(self._why, (*_CONFIGURATION, InvalidRequestError))
        reason = str(self._why) if self._why else f"{self._who} does not answer."
        return ModelUnavailableError(reason, retry_after=left, needs_person=needs_person)
