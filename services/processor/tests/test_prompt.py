from __future__ import annotations

from pathlib import Path

import pytest

from tg_parser.llm.tokens import estimated_tokens
from tg_parser.processor.prompt import FILE_LIMIT, LANGUAGES, language_of, open_prompts, parse_prompt

RUSSIAN = "Мост открыли после ремонта, движение восстановлено в обе стороны."
UKRAINIAN = "Міст відкрили після ремонту, рух відновлено в обидва боки."
ENGLISH = "The bridge is open again after the repairs."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (RUSSIAN, "ru"),
        (UKRAINIAN, "uk"),
        (ENGLISH, "en"),
        ("Die Brücke ist wieder offen.", "en"),
        ("桥梁重新开放", "en"),
        ("", "en"),
        ("Apple представила новый iPhone", "ru"),
        (f"{RUSSIAN} Слово «місто» — украинское.", "ru"),
    ],
)
def test_a_post_is_asked_about_in_its_own_language_and_in_english_where_there_is_no_prompt(
    text: str, language: str
) -> None:
    assert language_of(text) == language


def test_each_language_has_a_prompt_with_a_version_a_changelog_and_the_rules_that_matter() -> None:
    prompts = open_prompts()
    assert set(prompts.by_language) == set(LANGUAGES)
    for name, prompt in prompts.by_language.items():
        assert (prompt.id, prompt.version) == (f"extract-post.{name}", "2.0.0")
        assert "changelog" not in prompt.text
        for field in ("`kind`", "`is_ad`", "`dates`", "`value`", "`quote`", "90", "null"):
            assert field in prompt.text, (name, field)
        assert estimated_tokens(prompt.text) < 1100
    assert len({prompt.sha256 for prompt in prompts.by_language.values()}) == len(LANGUAGES)
    assert prompts.for_post(UKRAINIAN) == prompts.by_language["uk"]


def test_a_users_own_prompt_goes_before_ours_and_may_be_for_another_language(tmp_path: Path) -> None:
    (tmp_path / "extract_post.ru.md").write_text("---\nid: mine\nversion: 7\n---\nОпиши пост.\n", "utf-8")
    (tmp_path / "notes.txt").write_text("not a prompt")
    prompts = open_prompts(tmp_path)
    assert (prompts.for_post(RUSSIAN).id, prompts.for_post(RUSSIAN).text) == ("mine", "Опиши пост.")
    assert prompts.for_post(ENGLISH) == open_prompts().for_post(ENGLISH)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nid: x\n---\nWords", "id and version"),
        ("Words alone", "id and version"),
        ("---\nid: x\nversion: 1\n---\n \n", "has a text"),
        ("x" * (FILE_LIMIT + 1), "larger than 64 KiB"),
    ],
)
def test_a_file_that_is_no_prompt_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "extract_post.en.md").write_text(text)
    with pytest.raises(ValueError, match=rf"extract_post\.en\.md cannot be used: .*{said}"):
        open_prompts(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder of prompts"):
        open_prompts(tmp_path / "nowhere")


def test_prompts_are_told_apart_by_their_text_whatever_version_they_claim() -> None:
    one, other = (parse_prompt(f"---\nid: x\nversion: 1\n---\n{words}") for words in ("Some", "Other"))
    assert one.sha256 != other.sha256
