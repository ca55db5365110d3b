"""What part of speech a word may be, by its ending: rough, and enough to keep verbs out of key phrases."""

from __future__ import annotations

import re

from tg_parser.llm.providers.local.lexicon import NOUNS_LIKE_VERBS

_MAY_DESCRIBE = {
    "ru": re.compile(r"\w{2,}(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|ого|его|ому|ему|ым|им|ых|их|ую|юю|ыми|ими)\Z"),
    "uk": re.compile(r"\w{2,}(?:ий|ій|а|я|е|є|і|ого|ому|им|ім|их|іх|ої|ою|у|ю|ими)\Z"),
}
_ONLY_ADJECTIVE = {
    "ru": re.compile(
        r"\w{2,}(?:ый|ая|яя|ое|ее|ые|ого|его|ому|ему|ым|ых|ую|юю|ыми|ими|ский|ской|нной|жной|чной|льной|тной|ским|ских|льно|ивно|енно|ично|ожно)\Z"
    ),
    "uk": re.compile(r"\w{2,}(?:ий|ого|ому|их|ими|ої|ська|ські|ське)\Z"),
    "en": re.compile(r"\w{3,}(?:ly|able|ful|ous|ive)\Z"),
}
_VERB = {
    "ru": re.compile(
        r"\w{2,}(?:ться|тся|лся|лась|лись|лось|ются|[аяеи]шь|[аяеи]йте|[ивлджршстн]ите|[ауяю]ют|[гжчщднв]ут|[аеуиюя]ет|[аяиыу]ть|"
        r"[йз]ти|уй|[рвдслнчпт]ят|[жшч]ат|[щчжшвлрднбмп]ит|[аяи]ем|[аяиы]ла|[аяиыу]ли|[рпмд]ели|[аяиыу]ло|[яиыу]л|[аяи]вш(?:ий|ие|ая|их|и)|"
        r"щий|щие|щая|щих|(?:ован|лен|жен|щен|чен|шен|делан)[аоы]?)\Z"
    ),
    "uk": re.compile(
        r"\w{2,}(?:ться|вся|лася|лися|лось|[аяиуюії]ти|[ауяю]ють|[аеуиюяі]є|[аяиуі]ла|[аяиуі]ли|[аяиуі]ло|[аяиуі]в|ено|ано|имо|ємо|йте|іть)\Z"
    ),
    "en": re.compile(r"\w{3,}(?:ed|ing|izes|ises)\Z"),
}


def is_verb(word: str, language: str) -> bool:
    """Whether `word` ends like a verb or participle. Capitals are names, save in Russian, where sentences open so."""
    lower = word.lower()
    if word[0].isupper() and language != "ru":
        return False
    return len(lower) > 3 and lower not in NOUNS_LIKE_VERBS and _matches(_VERB, lower, language)


def is_adjective(word: str, language: str) -> bool:
    """Whether `word` can hardly be anything but an adjective, or an adverb in English."""
    return _matches(_ONLY_ADJECTIVE, word.lower(), language)


def may_describe(word: str, language: str) -> bool:
    """Whether `word` may stand before a noun to describe it: in English any word may."""
    return language == "en" or _matches(_MAY_DESCRIBE, word.lower(), language)


def _matches(patterns: dict[str, re.Pattern[str]], lower: str, language: str) -> bool:
    pattern = patterns.get(language)
    return pattern is not None and pattern.match(lower) is not None
