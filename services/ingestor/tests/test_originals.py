"""Pages as sources had them."""

from __future__ import annotations

import zlib

import pytest

from tg_parser.ingestor import originals
from tg_parser.ingestor.originals import Original, pack, unpack, without

PAGE = [
    Original("tg:1:post:1", {"text": "Привет\nи пока"}),
    Original("tg:1:post:2", "<div>\u2028</div>"),
    Original(None, 5),
]


def test_what_was_packed_is_unpacked() -> None:
    assert list(unpack(pack(PAGE))) == PAGE


def test_half_a_surrogate_pair_survives() -> None:
    broken = [Original("tg:1:post:1", "\ud83d")]
    assert list(unpack(pack(broken))) == broken


def test_an_erased_message_is_taken_out_and_the_others_stay() -> None:
    kept = without(pack(PAGE), {"tg:1:post:1"}.__contains__)
    assert kept is not None
    assert list(unpack(kept)) == PAGE[1:]
    assert without(pack(PAGE), {"tg:1:post:9"}.__contains__) is None


def test_what_is_no_page_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="holds no compressed page"):
        list(unpack(b"no"))
    with pytest.raises(ValueError, match="cut off"):
        list(unpack(pack(PAGE)[:-9]))
    monkeypatch.setattr(originals, "LARGEST", 100)
    with pytest.raises(ValueError, match="larger than 100 bytes"):
        list(unpack(zlib.compress(b"x" * 10_000)))
