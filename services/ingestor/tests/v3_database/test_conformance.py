"""The databases of v3 keep what every source promises."""

from __future__ import annotations

import pytest

from tg_parser.contracts.messages import SourceSpec
from tg_parser.ingestor.adapters.v3_database.source import V3Databases
from tg_parser.testkit.old_installation import Installation

from ..conformance.promises import Place, Promises


@pytest.fixture
def place(installation: Installation) -> Place:
    """Two channels, one of them under two names; comments, documents, a repeat, one that is no message, topics, sources."""
    installation.source("river", "-1001750000001", channel_username="vel_river")
    refs = [installation.message("-1001750000001", number) for number in range(1, 27)]
    refs += [installation.comment("-1001750000001", 3, number) for number in range(1, 6)]
    installation.message("vel_river", 7)
    installation.message("vel_river", 8, "Совсем другое")
    refs += [installation.message("1750000002", number) for number in range(5, 10)]
    installation.message("1750000002", 77, date="yesterday")
    for ref in refs[::2]:
        installation.document(ref)
    installation.document("tg:1750000002:post:500")
    installation.topic(f"topic:{refs[0]}", refs[:2], refs[4:8])
    installation.topic(f"topic:{refs[30]}", refs[31:33])
    folder = installation.folder
    return Place(
        V3Databases((folder.parent,)),
        SourceSpec(kind="v3_database", location=str(folder)),
        SourceSpec(kind="v3_database", location=str(folder / "nothing")),
    )


class TestV3Databases(Promises):
    """See `Promises`."""
