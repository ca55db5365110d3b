"""Words and their stems: one normal form for what readers take as one, in the scripts of the channels we read."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import snowballstemmer

ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|[\w.+-]*@[\w.-]+")
"""Addresses and mentions: they are features of their own, not words."""
_ADDRESS_SIGNS: Final = ("@", "://", "www.")
"""One of them is in every ADDRESS, and looking for them is quick."""
WORD: Final = re.compile(r"[^\W\d_]{2,}|\d+(?:[.,:]\d+)*")
CAPITALISED: Final = re.compile(r"\b[^\W\d_a-zа-яіїєґў][^\W\d_]+")
LONGEST: Final = 4000
"""Characters read of a text; what comes after repeats the words before."""
_SENTENCE_END: Final = re.compile(r"(?:^|[.!?…:\n]|\n\s*[-—•▪])[^\w]*$")
_BEFORE: Final = 6  # characters looked back to see whether a word begins a sentence

_STOP_LIST: Final = """
и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему
теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они
тут где есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет ж тогда кто этот того потому этого
какой совсем ним здесь этом один почти мой тем чтобы нее сейчас были куда зачем всех никогда можно при наконец два об другой хоть
после над больше тот через эти нас про всего них какая много разве три эту моя впрочем хорошо свою этой перед иногда лучше чуть
том нельзя такой им более всегда конечно всю между это также который которые которая которого которых году года лет день дня дней
сегодня завтра вчера пока около ваш наш свой просто очень именно
і й та що як це не на до від за з у про але або чи якщо вже ще тільки для при його її їх ми ви вони був була було були є
the a an and or but if of at by for with about against between into through during before after above below to from up down in
out on off over under again further then once here there when where why how all any both each few more most other some such no
nor not only own same so than too very can will just should now is are was were be been being have has had do does did it its
this that these those he she they we you i his her their our your who which what as also new one two
"""
STOP_WORDS: Final = frozenset(_STOP_LIST.split())
_AS_RUSSIAN: Final = str.maketrans("іїєґ", "ииег")
_RUSSIAN = snowballstemmer.stemmer("russian")
_ENGLISH = snowballstemmer.stemmer("english")


def normalised(text: str) -> str:
    """Composed, lower case, ё as е."""
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a normalised word, by its script.

    Other Cyrillic languages share the Russian endings well enough, once Ukrainian letters are written as Russian ones.
    """
    if word[0].isdigit():
        return word
    if "а" <= word[0] <= "я" or word[0] in "іїєґў":
        return str(_RUSSIAN.stemWord(word.translate(_AS_RUSSIAN)))
    return str(_ENGLISH.stemWord(word)) if word.isascii() else word


def plain(text: str) -> str:
    """The beginning of a text, composed, without addresses and mentions; the case is kept."""
    composed = unicodedata.normalize("NFC", text[:LONGEST])
    return ADDRESS.sub(" ", composed) if any(sign in composed for sign in _ADDRESS_SIGNS) else composed


def stems(text: str) -> list[str]:
    """The stems of the telling words of a text or of one made `plain`, in order."""
    found: list[str] = WORD.findall(normalised(text))
    return [stem(word) for word in found if word not in STOP_WORDS]


def named(text: str) -> list[str]:
    """The stems of words that are capitalised within a sentence of a `plain` text: most are names."""
    found: list[str] = []
    for match in CAPITALISED.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if not _SENTENCE_END.search(before) and (low := normalised(match[0])) not in STOP_WORDS:
            found.append(stem(low))
    return found
