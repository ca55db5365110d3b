"""Messages as they are stored: what was written once must be read for ever. A sample is never changed, only added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tg_parser.contracts.codec import decode, decode_body, encode, wire_types
from tg_parser.contracts.messages import MessageIngested
from tg_parser.contracts.model import REGISTRY, Fact, Message
from tg_parser.contracts.schemas import contracts, drift, files, main, schema, write

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(FOLDER.glob("*/*.json"))
IMPORTANT = [
    "tg.job.process.v1",
    "tg.message.ingested.v1",
    "tg.message.ingested.v2",
    "tg.message.processed.v1",
    "tg.message.skipped.v1",
    "tg.ingest.pagecommitted.v1",
    "tg.topics.assigned.v1",
    "tg.export.completed.v1",
]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def holds(new: Any, old: Any) -> bool:
    """Whether everything of `old` is in `new`, which may say more."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(key in new and holds(new[key], value) for key, value in old.items())
    if isinstance(old, list):
        return (
            isinstance(new, list) and len(new) == len(old) and all(holds(*pair) for pair in zip(new, old, strict=True))
        )
    return _moment(new) == _moment(old)


def _moment(value: Any) -> Any:
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def test_every_wire_type_has_a_sample_and_one_with_nothing_but_what_is_required() -> None:
    assert {path.parent.name for path in SAMPLES} == set(wire_types())
    assert {path.parent.name for path in SAMPLES if path.stem == "minimal"} == set(wire_types())
    assert all(len([path for path in SAMPLES if path.parent.name == name]) >= 3 for name in IMPORTANT)


@pytest.mark.parametrize("path", SAMPLES, ids=named)
def test_a_sample_is_read_and_written_again_without_loss(path: Path) -> None:
    wire_type, sample = path.parent.name, json.loads(path.read_bytes())
    message = decode_body(wire_type, json.dumps(sample["body"]).encode())
    again = encode(message)
    assert decode_body(message.wire_type(), again) == message
    if wire_type in REGISTRY:
        assert holds(json.loads(again), sample["body"])


@pytest.mark.parametrize("path", SAMPLES, ids=named)
def test_a_sample_and_what_is_written_today_are_valid_by_their_schemas(path: Path) -> None:
    wire_type, body = path.parent.name, json.loads(path.read_bytes())["body"]
    validator(wire_type).validate(body)
    message = decode_body(wire_type, json.dumps(body).encode())
    validator(message.wire_type()).validate(json.loads(encode(message)))


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem != "minimal"], ids=named)
def test_the_headers_of_a_sample_are_understood_and_its_id_is_still_the_same(path: Path) -> None:
    sample = json.loads(path.read_bytes())
    received = decode(sample["headers"], json.dumps(sample["body"]).encode())
    assert received.envelope.type == path.parent.name
    assert received.envelope.headers() == sample["headers"]
    if isinstance(received.message, Fact) and received.message.wire_type() == path.parent.name:
        envelope = received.envelope
        assert received.message.identity(envelope.workflow_id, envelope.generation) == envelope.id


def validator(wire_type: str) -> Draft202012Validator:
    return Draft202012Validator(schema(wire_type, contracts()[wire_type]))


def test_a_schema_refuses_what_the_model_refuses() -> None:
    assert not validator("tg.message.skipped.v1").is_valid({"channel_id": "1", "source_ref": "x", "reason": "bored"})
    assert not validator("tg.message.skipped.v1").is_valid({})


def upcast(name: str) -> MessageIngested:
    sample = json.loads((FOLDER / "tg.message.ingested.v1" / f"{name}.json").read_bytes())
    message: Message = decode_body("tg.message.ingested.v1", json.dumps(sample["body"]).encode())
    assert isinstance(message, MessageIngested)
    return message


def test_a_message_of_version_1_is_read_as_one_of_version_2() -> None:
    fact = upcast("text")
    assert (fact.source_ref, fact.source_kind, fact.parser_version) == ("tg:1500000001:post:101", "v3_database", "v3")
    assert fact.content_hash == fact.message.content_hash()
    assert fact.message.edited_at is not None
    assert (fact.message.author, fact.message.grouped_id) == ("редакция", "13456789012345678")


def test_what_hung_on_a_message_of_version_1_is_kept() -> None:
    comment, document = upcast("photo_comment").message, upcast("document").message
    assert (comment.channel_id, comment.message_type, comment.kind) == ("1500000002", "comment", "photo")
    assert (comment.thread_id, comment.reply_to_message_id) == (101, 54)
    assert (document.kind, document.media[0].mime_type, document.media[0].size_bytes) == (
        "file",
        "application/pdf",
        48213,
    )


def test_a_date_of_version_1_that_lost_its_zone_is_in_utc() -> None:
    message = upcast("zone_lost").message
    assert message.date.isoformat() == "2025-03-01T09:10:11+00:00"
    assert message.edited_at is not None
    assert message.edited_at.isoformat() == "2025-03-01T09:20:00+00:00"


def test_the_committed_schemas_are_those_of_the_contracts() -> None:
    assert main(["--check"]) == 0


def test_schemas_come_out_the_same_every_time_and_are_schemas() -> None:
    assert files() == files()
    for text in files().values():
        Draft202012Validator.check_schema(json.loads(text))


def test_drift_is_named_and_writing_again_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert drift(tmp_path) == []
    (tmp_path / "manifest.schema.json").unlink()
    (tmp_path / "topic_card.schema.json").write_text("{}")
    (tmp_path / "forgotten.schema.json").write_text("{}")
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "manifest.schema.json is missing.",
        "forgotten.schema.json belongs to no contract.",
        "topic_card.schema.json is out of date.",
    ]
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--check", "--folder", str(tmp_path)]) == 0
