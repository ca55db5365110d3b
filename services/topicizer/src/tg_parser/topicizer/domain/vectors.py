"""Texts as bags of stems: what is compared, in whole numbers, so that adding and taking away is exact."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from typing import Final

import snowballstemmer

from tg_parser.topicizer.domain.document import ADDRESS, Document, normalised

FEATURES_VERSION: Final = "stems-1"
Vector = dict[str, int]
"""Term → weight in thousandths."""

SCALE = 1000
TITLE_WEIGHT = 2  # a title's words say more about the story than the words of its last paragraph
TAG_WEIGHT = 2
LONGEST = 4000  # characters; a longer text repeats its own words
WORD = re.compile(r"[^\W\d_]{2,}|\d+(?:[.,:]\d+)*")
STOP_WORDS: Final = frozenset(
    normalised(
        """
        и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему
        теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они
        тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого
        какой совсем ним здесь этом один почти мой тем чтобы нее сейчас были куда зачем всех никогда можно при наконец два об другой хоть
        после над больше тот через эти нас про всего них какая много разве три эту моя впрочем хорошо свою этой перед иногда лучше чуть
        том нельзя такой им более всегда конечно всю между это также который которые которая которого году года лет день дня дней
        сегодня завтра вчера пока около
        і й та що як це не на до від за з у в про але або чи якщо вже ще тільки для при його її їх ми ви вони був була було були є
        the a an and or but if of at by for with about against between into through during before after above below to from up down in
        out on off over under again further then once here there when where why how all any both each few more most other some such no
        nor not only own same so than too very can will just should now is are was were be been being have has had do does did it its
        this that these those he she they we you i his her their our your who which what as also new one two
        """
    ).split()
)
_RUSSIAN = snowballstemmer.stemmer("russian")
_ENGLISH = snowballstemmer.stemmer("english")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a normalised word, by its script. Ukrainian and others of the script share the Russian endings well enough."""
    if word.isdigit():
        return word
    if "а" <= word[0] <= "я" or word[0] in "іїєґў":
        return str(_RUSSIAN.stemWord(word))
    return str(_ENGLISH.stemWord(word)) if word.isascii() else word


def words(text: str) -> list[str]:
    """The telling words of a text, normalised, in order."""
    found: list[str] = WORD.findall(ADDRESS.sub(" ", normalised(text[:LONGEST])))
    return [word for word in found if word not in STOP_WORDS]


def vector(document: Document) -> Vector:
    """The document's vector: 1 + log of each stem's count, title and hashtags counted more."""
    counts: Counter[str] = Counter(map(stem, words(document.text)))
    for word in words(document.title):
        counts[stem(word)] += TITLE_WEIGHT - 1
    for tag in document.hashtags:
        counts[f"#{normalised(tag.lstrip('#'))}"] += TAG_WEIGHT
    return {term: round(SCALE * (1 + math.log(count))) for term, count in counts.items()}
