"""Laws of merging: what several sources showed of a message adds up to the same, in whatever order they were read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.contracts.messages import (
    ForwardOrigin,
    Media,
    Observation,
    SourceKind,
    TelegramMessage,
    TextEntity,
)
from tg_parser.ingestor.merging import CANNOT_KNOW, PRIORITY, joined, merged, observation

DAY = datetime(2026, 1, 1, tzinfo=UTC)
KINDS: tuple[SourceKind, ...] = ("mtproto_history", "td_json", "td_html", "web_preview", "v3_database")
BOLD = TextEntity(type="bold", offset=0, length=1)
PHOTO = Media(kind="photo")


def message(text: str = "a", **members: object) -> TelegramMessage:
    return TelegramMessage(channel_id="1", message_id=7, date=DAY, text=text).model_copy(update=members)


def shown(kind: SourceKind, text: str = "a", hour: int = 0, **members: object) -> Observation:
    return observation(message(text, **members), kind, DAY + timedelta(hours=hour))


def folded(observations: Sequence[Observation]) -> TelegramMessage:
    kept: tuple[Observation, ...] = reduce(joined, observations, ())
    return merged(kept)


HOURS = st.none() | st.integers(1, 4).map(lambda hour: DAY + timedelta(hours=hour))
ORIGINS = st.sampled_from(
    [None, ForwardOrigin(name="Источник"), ForwardOrigin(name="Источник", channel_id="9", message_id=4)]
)
OBSERVATIONS = st.builds(
    shown,
    kind=st.sampled_from(KINDS),
    text=st.sampled_from(["a", "b", "c"]),
    hour=st.integers(0, 5),
    edited_at=HOURS,
    entities=st.sampled_from([(), (BOLD,)]),
    media=st.sampled_from([(), (PHOTO,)]),
    author=st.sampled_from([None, "Ред."]),
    grouped_id=st.sampled_from([None, "77"]),
    grouped_inferred=st.booleans(),
    reactions=st.sampled_from([None, {"👍": 1}, {"👍": 2}]),
    forwarded_from=ORIGINS,
    pinned=st.booleans(),
)


@settings(deadline=None, max_examples=300)
@given(observations=st.lists(OBSERVATIONS, min_size=1, max_size=5))
def test_the_order_of_reading_does_not_matter(observations: list[Observation]) -> None:
    expected = folded(observations)
    for order in list(permutations(observations))[:24]:
        assert folded(order) == expected


@settings(deadline=None)
@given(observations=st.lists(OBSERVATIONS, min_size=1, max_size=5))
def test_reading_again_changes_nothing(observations: list[Observation]) -> None:
    assert folded([*observations, *observations]) == folded(observations)


@settings(deadline=None)
@given(observations=st.lists(OBSERVATIONS, min_size=1, max_size=5))
def test_what_was_left_out_of_the_set_was_not_needed(observations: list[Observation]) -> None:
    assert folded(observations) == merged(observations)


@settings(deadline=None)
@given(older=OBSERVATIONS, newer=OBSERVATIONS)
def test_the_text_is_the_newest_one_whatever_shows_it(older: Observation, newer: Observation) -> None:
    first, last = sorted((older, newer), key=lambda entry: entry.as_of)
    if first.as_of < last.as_of:
        assert folded([older, newer]).text == last.message.text


@settings(deadline=None)
@given(observations=st.lists(OBSERVATIONS, min_size=1, max_size=5))
def test_no_relation_that_a_source_knew_is_lost(observations: list[Observation]) -> None:
    result = folded(observations)
    if any(entry.message.author for entry in observations):
        assert result.author
    if any(entry.message.grouped_id for entry in observations):
        assert result.grouped_id
    exact = any(entry.message.grouped_id and not entry.message.grouped_inferred for entry in observations)
    assert result.grouped_inferred is (bool(result.grouped_id) and not exact)
    if any(entry.message.forwarded_from and entry.message.forwarded_from.channel_id for entry in observations):
        assert result.forwarded_from is not None
        assert result.forwarded_from.channel_id == "9"


def test_styles_and_media_come_from_the_source_that_knows_them_best() -> None:
    preview = shown("web_preview", entities=(), hour=9)
    export = shown("td_json", entities=(BOLD,), media=(PHOTO,))
    result = folded([preview, export])
    assert (result.entities, result.media) == ((BOLD,), (PHOTO,))


def test_an_older_import_never_undoes_a_newer_edit() -> None:
    newer = shown("td_json", "new", edited_at=DAY + timedelta(hours=3))
    older = shown("td_json", "old", edited_at=DAY + timedelta(hours=1))
    assert folded([newer, older]).text == "new"
    assert folded([older, newer]).edited_at == DAY + timedelta(hours=3)


def test_an_import_never_nulls_what_it_cannot_know() -> None:
    for kind, unknown in CANNOT_KNOW.items():
        if "buttons" in unknown:
            known = shown("td_json", contact_name="Имя")
            assert folded([known, shown(kind, hour=9)]).contact_name == "Имя"


def test_every_kind_of_source_has_its_rank() -> None:
    assert set(KINDS) <= set(PRIORITY)
