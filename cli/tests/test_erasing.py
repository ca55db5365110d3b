from __future__ import annotations

from collections.abc import Sequence

import pytest

from tg_parser.cli.erase_command import AT_ONCE, requests
from tg_parser.cli.exit_codes import CommandFailed, ExitCode


def test_messages_are_asked_for_in_requests_of_bounded_size() -> None:
    refs = [f"tg:1:post:{number}" for number in range(AT_ONCE + 1)]
    first, second = requests(refs, "")
    assert [*first["source_refs"], *second["source_refs"]] == refs


@pytest.mark.parametrize(("given", "bare"), [("123", "123"), ("-1001234567890", "1234567890"), ("chat7", "chat7")])
def test_a_channel_is_named_as_facts_name_it(given: str, bare: str) -> None:
    assert requests([], given) == [{"channel_id": bare}]


@pytest.mark.parametrize(
    ("refs", "channel"), [([], ""), (["tg:1:post:1"], "1"), (["t.me/town/5"], ""), ([], "no channel")]
)
def test_what_is_not_clear_is_a_wrong_usage(refs: Sequence[str], channel: str) -> None:
    with pytest.raises(CommandFailed) as failed:
        requests(refs, channel)
    assert failed.value.code == ExitCode.USAGE
