"""An answer cache for one process: for trials and tests, and wherever losing it on exit only costs money."""

from __future__ import annotations

from collections import OrderedDict

from tg_parser.llm.port import StructuredResult


class MemoryAnswerCache:
    """The last `max_entries` answers, the least recently used forgotten first.

    It keeps the promises of `AnswerCache` for as long as the process lives; "durable" ends with the process.
    """

    def __init__(self, max_entries: int = 10_000) -> None:
        self._max_entries = max_entries
        self._answers: OrderedDict[str, StructuredResult] = OrderedDict()

    async def get(self, key: str) -> StructuredResult | None:
        """The answer stored under `key`, or None."""
        answer = self._answers.get(key)
        if answer is None:
            return None
        self._answers.move_to_end(key)
        return answer.model_copy(deep=True)  # the caller may change `output`, the stored answer must not change

    async def put(self, key: str, result: StructuredResult, about: str = "") -> None:
        """Store `result` unless `key` already has an answer."""
        del about
        self._answers.setdefault(key, result.model_copy(deep=True))
        if len(self._answers) > self._max_entries:
            self._answers.popitem(last=False)
