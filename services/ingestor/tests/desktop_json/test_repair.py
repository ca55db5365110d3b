from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tg_parser.ingestor.adapters.desktop_json.repair import mend_quirks, mend_strings


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def quirks(data: bytes, size: int = 1 << 16) -> bytes:
    return b"".join(mend_quirks(blocks(data, size)))


def strings(data: bytes, size: int = 1 << 16) -> bytes:
    return b"".join(mend_strings(blocks(data, size)))


SIZES = (1, 2, 3, 5, 7, 64)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\x0Bu{}[],:\n\t ж👍document_id', max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["document_id", "a", "\\x"]), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_valid_json_means_the_same_after_mending(value: Any, size: int, indent: int | None, ascii_only: bool) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert json.loads(quirks(data, size)) == value
    assert json.loads(strings(data, size)) == value


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb'"a\x0Bb"', "a\x0bb"),
        (rb'"\x1f\x01"', "\x1f\x01"),
        (rb'"C:\\x0B"', "C:\\x0B"),
        (rb'"\\\x0B"', "\\\x0b"),
        (rb'"x0B \n\" \u2028"', 'x0B \n" \u2028'),
    ],
)
def test_control_characters_written_as_hex_escapes_are_read(written: bytes, meant: str, size: int) -> None:
    assert json.loads(quirks(written, size)) == meant


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b'{\n "document_id": stickers/fire (1).webm\n}', "stickers/fire (1).webm"),
        (b'{\r\n "document_id": a,b.tgs,\r\n "text": "x"\r\n}', "a,b.tgs"),
        (b'{"document_id":path.webm,"text":"x"}', "path.webm"),
        (b'{"document_id": (File not included.)}', "(File not included.)"),
        (b'{"document_id": "53683"}', "53683"),
        (b'{"document_id" : 53683}', 53683),
        (b'{"document_id": null}', None),
        (b'{"document_id": "a", "next": 1}', "a"),
    ],
)
def test_custom_emoji_ids_without_quotes_are_read(written: bytes, meant: Any, size: int) -> None:
    assert json.loads(quirks(written, size))["document_id"] == meant


def test_a_byte_order_mark_is_dropped() -> None:
    assert quirks(b'\xef\xbb\xbf{"a": 1}') == b'{"a": 1}'


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b'{"a":\n "one\ntwo\tthree\x0b\x00"\n}', "one\ntwo\tthree\x0b\x00"),
        (b'{"a": "\\q \\" \\\\ \\u00e9 \\uZZ"}', '\\q " \\ é \\uZZ'),
        (b'{"a": "\xff\xd0"}', "��"),
        ('{"a": "ж👍"}'.encode(), "ж👍"),
    ],
)
def test_strings_that_passed_through_other_hands_are_mended(written: bytes, meant: str, size: int) -> None:
    assert json.loads(strings(written, size))["a"] == meant


def test_mending_needs_no_more_memory_than_a_few_blocks() -> None:
    def endless() -> Iterable[bytes]:
        for _ in range(200):
            yield b'"text": "\\x0B",\n' * 4_000

    assert max(len(block) for block in mend_quirks(endless())) < 3 * 16 * 4_000
