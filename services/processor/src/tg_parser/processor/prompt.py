"""The prompts: files with a version, one per language of posts. Changing a text makes every answer a new question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from tg_parser.llm.port import Prompt

FENCE = "---"
NAME = "extract_post"
DEFAULT = "en"
LANGUAGES = ("en", "ru", "uk")
FILE_LIMIT = 64 * 1024  # bytes; a longer prompt would be most of every bill
_ONLY_UKRAINIAN = re.compile(r"[іїєґ]", re.IGNORECASE)
_ONLY_RUSSIAN = re.compile(r"[ыэъё]", re.IGNORECASE)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The instructions for understanding one post, by language; any other language is asked about in English."""

    by_language: Mapping[str, Prompt]

    def for_post(self, text: str) -> Prompt:
        """The prompt for a post of these words."""
        return self.by_language.get(language_of(text)) or self.by_language[DEFAULT]


def open_prompts(folder: Path | None = None) -> PromptSet:
    """The prompts of this package, with those of `folder` (`extract_post.ru.md`, …) before them.

    Raises:
        ValueError: a file in the folder is no prompt, or there is no such folder; the message is a sentence.
    """
    own = files("tg_parser.processor") / "prompts"
    found = {name: parse_prompt((own / f"{NAME}.{name}.md").read_text("utf-8")) for name in LANGUAGES}
    return PromptSet(MappingProxyType(found | (_overrides(folder) if folder else {})))


def _overrides(folder: Path) -> dict[str, Prompt]:
    if not folder.is_dir():
        raise ValueError(f"There is no folder of prompts at {folder}.")
    return {path.name.split(".")[-2]: _read(path) for path in sorted(folder.glob(f"{NAME}.*.md"))}


def _read(path: Path) -> Prompt:
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise ValueError(f"it is larger than {FILE_LIMIT // 1024} KiB")
        return parse_prompt(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"The prompt {path} cannot be used: {error}.") from error


def parse_prompt(text: str) -> Prompt:
    """A prompt from a file that begins with `id` and `version` between two `---` lines; other fields are for people.

    Raises:
        ValueError: one of them, or the text itself, is missing.
    """
    parts = text.replace("\r\n", "\n").split(f"{FENCE}\n", 2)
    fields = (
        dict(line.split(": ", 1) for line in parts[1].splitlines() if re.match(r"\w+: ", line)) if parts[1:] else {}
    )
    if not {"id", "version"} <= fields.keys():
        raise ValueError("A prompt file begins with its id and version.")
    if not parts[2:] or not parts[2].strip():
        raise ValueError("A prompt file has a text after its head.")
    name = ".".join(fields[field].strip() for field in ("id", "language") if field in fields)
    return Prompt(id=name, version=fields["version"].strip(), text=parts[2].strip())


def language_of(text: str) -> str:
    """`ru`, `uk`, or `en` for everything else: enough to choose a prompt by, from the letters alone."""
    head = text[:2000]
    if len(_CYRILLIC.findall(head)) <= len(_LATIN.findall(head)):
        return "en"
    return "uk" if len(_ONLY_UKRAINIAN.findall(head)) > len(_ONLY_RUSSIAN.findall(head)) else "ru"
