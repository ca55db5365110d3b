from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tg_parser.topicizer.domain.document import KEPT_TEXT, Document, restored, serialized
from tg_parser.topicizer.domain.features import LENGTH, canonical, features
from tg_parser.topicizer.domain.words import named, plain, stem, stems

MakeDocument = Callable[..., Document]


@pytest.mark.parametrize(
    ("one", "other"),
    [("плотины", "плотина"), ("ёлки", "елка"), ("evacuated", "evacuation"), ("річки", "річка")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other)


def test_scripts_without_a_stemmer_keep_their_words() -> None:
    assert stem("日本語") == "日本語"


def test_addresses_mentions_and_stop_words_are_no_words() -> None:
    assert stems(plain("The bridge https://example.org/flood @channel mail@example.org и мост")) == ["bridg", "мост"]


def test_names_are_words_capitalised_within_a_sentence() -> None:
    assert named("Сегодня «Волки» играют. Начало в шесть, арена Льдинка.") == [stem("волки"), stem("льдинка")]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://www.example.org/a/?utm_source=tg&id=7", "example.org/a?id=7"),
        ("http://m.example.org/a/", "example.org/a"),
        ("example.org/a#part", "example.org/a"),
        ("https://example.org/", ""),
        ("https://t.me/channel", ""),
        ("https://t.me/channel/15", "t.me/channel/15"),
    ],
)
def test_an_address_is_where_it_leads(url: str, address: str) -> None:
    assert canonical(url) == address


def test_an_address_that_cannot_be_read_is_no_feature(make: MakeDocument) -> None:
    assert features(make("Bridge closed", urls=("http://[broken/x",))).weights.keys() == {"bridg", "close"}


def test_a_long_text_weighs_as_much_as_a_short_one(make: MakeDocument) -> None:
    for text in ("Bridge closed", "Bridge closed " + " ".join(f"word{n} ending{n}" for n in range(300))):
        weights = features(make(text)).weights.values()
        assert math.isclose(math.sqrt(sum(weight**2 for weight in weights)), LENGTH, rel_tol=0.01)


def test_titles_and_tags_weigh_more_than_words(make: MakeDocument) -> None:
    weights = features(make("bridge water tower", title="Bridge", hashtags=("#Flood",))).weights
    assert weights["#flood"] == weights["bridg"] > weights["water"] == weights["tower"]


def test_a_document_without_words_has_no_features(make: MakeDocument) -> None:
    found = features(make("🔥🔥🔥"))
    assert (found.weights, found.identities) == ({}, ())


def test_reposts_are_recognised_through_emoji_marks_and_addresses(make: MakeDocument) -> None:
    text = "Трамвай пересёк реку ночью, дорога заняла двадцать шесть минут."
    again = f"🚋 {text.upper().replace('Ё', 'Е')} https://t.me/other/5 @other"
    assert features(make(text)).identities == features(make(again)).identities


def test_short_greetings_are_not_reposts_of_each_other(make: MakeDocument) -> None:
    assert features(make("Доброе утро!")).identities == ()


def test_what_is_kept_of_a_document_comes_back(make: MakeDocument) -> None:
    document = make("x" * 1000, urls=("https://example.org/a",), hashtags=("#a", "#b"), reply_to="tg:100:post:7")
    kept = restored(serialized(document))
    assert kept.text == "x" * KEPT_TEXT
    assert (kept.source_ref, kept.published_at, kept.hashtags, kept.reply_to) == (
        document.source_ref,
        document.published_at,
        document.hashtags,
        document.reply_to,
    )


PROGRAM = """
import hashlib, json
from datetime import datetime, timedelta, UTC
from tg_parser.topicizer.domain.cluster import Cluster
from tg_parser.topicizer.domain.document import Document
subjects = ["bridge piers divers crack", "hockey final wolves goal", "boiler heat burners school", "flood river level water"]
texts = [f"{subjects[n % 4]} news{n} detail{n % 9} extra{n % 5} report" for n in range(60)]
documents = [
    Document(f"tg:{1 + n % 3}:post:{n}", 0, n, str(1 + n % 3), str(n), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n),
             text, "", text, (text.split()[0],), (), (), None, None, "en", False)
    for n, text in enumerate(texts)
]
cluster = Cluster()
told = []
for start in range(0, 60, 20):
    told += cluster.assign(documents[start : start + 20])
    told += cluster.regroup()
print(hashlib.sha256("\\n".join(each.model_dump_json() for each in told).encode()).hexdigest())
"""


def test_every_process_tells_the_same_whatever_its_hash_seed() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
