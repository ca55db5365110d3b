from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.exports.repeats import SeenIds


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 20), st.sampled_from(["a" * 64, "b" * 64]))))
def test_in_whatever_order_ids_come_the_first_one_counts(sightings: list[tuple[int, str]]) -> None:
    seen = SeenIds()
    first: dict[int, str] = {}
    for message_id, content_hash in sightings:
        expected = "new" if message_id not in first else "same" if first[message_id] == content_hash else "different"
        assert seen.add(message_id, content_hash) == expected
        first.setdefault(message_id, content_hash)
