"""The contract on the wire: types, schemas, golden bytes and the AsyncAPI document agree."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest
import yaml

import schemas
from events import codec
from events.codec import fingerprint
from events.touchpoints import TYPES, Touchpoint
from events.upcasting import Fields, upcast
from schemas import AvroSchema
from services.log.kafka.topics import all_topics
from services.schemas.asyncapi import ASYNCAPI_FILE
from services.schemas.check import contract_faults
from services.schemas.compatibility import unreadable
from services.schemas.errors import AlreadyPublished, Incompatible, SameFingerprint
from services.schemas.files import FOLDER, SchemaId, write_once
from services.schemas.golden import golden_faults
from services.schemas.publish import (
    refuse_changed,
    refuse_incompatible,
    refuse_same_fingerprint,
)
from services.schemas.reading import misread

ROOT = Path(__file__).parents[2]


def record(*fields: dict[str, object], doc: str = "") -> AvroSchema:
    """A record schema of those fields."""
    return {
        "type": "record",
        "name": "Said",
        "namespace": "touchstone.test",
        "doc": doc,
        "fields": list(fields),
    }


def versions(*of: AvroSchema) -> list[tuple[SchemaId, AvroSchema]]:
    """The schemas as versions 1, 2, ... of one event type."""
    return [(("test.said", number), schema) for number, schema in enumerate(of, start=1)]


def test_types_schemas_golden_bytes_and_document_agree() -> None:
    assert list(contract_faults()) == []


def test_the_document_s_channels_are_the_topics_that_are_made() -> None:
    channels = yaml.safe_load(ASYNCAPI_FILE.read_text("utf-8"))["channels"]
    topics = {topic.name: topic for topic in all_topics("", 1)}
    assert {channel["address"] for channel in channels.values()} == topics.keys()
    for channel in channels.values():
        if "bindings" in channel:
            kafka, topic = channel["bindings"]["kafka"], topics[channel["address"]]
            assert kafka["partitions"] == topic.partitions
            assert str(kafka["topicConfiguration"]["retention.ms"]) == topic.retention_ms


def test_every_type_is_published_and_old_versions_stay() -> None:
    latest = {(touchpoint.event_type, touchpoint.version) for touchpoint in TYPES}

    assert len(latest) == 82
    old = {(name, version) for name, newest in latest for version in range(1, newest)}
    assert old >= {("payment.promise_made", 2), ("case.assigned", 1), ("case.closed", 2)}
    assert latest | old == set(schemas.published())


class Said(Touchpoint, frozen=True, kw_only=True):
    """Somebody said something."""

    event_type: ClassVar[str] = "test.said"
    heard: bool


def test_a_type_that_differs_from_its_published_schema_must_raise_its_version() -> None:
    with pytest.raises(AlreadyPublished, match="raise the type's version to 2"):
        refuse_changed(Said, record({"name": "heard", "type": "string"}))


def test_a_better_sentence_is_no_new_version() -> None:
    refuse_changed(Said, record({"name": "heard", "type": "boolean"}, doc="Words were spoken."))


def test_schemas_that_only_logical_types_tell_apart_are_refused() -> None:
    day = record({"name": "on", "type": {"type": "int", "logicalType": "date"}})
    number = record({"name": "on", "type": "int"})
    assert fingerprint(day) == fingerprint(number)

    with pytest.raises(SameFingerprint, match=r"test\.said v2 and test\.said v1"):
        refuse_same_fingerprint(versions(day, number))


TEXT: dict[str, object] = {"name": "text", "type": "string"}
NOTE: dict[str, object] = {"name": "note", "type": ["null", "string"], "default": None}


@pytest.mark.parametrize(
    ("older", "newer", "why"),
    [
        (record(), record(TEXT), "v2 cannot read what test.said v1"),
        (record(TEXT), record(), "v2 cannot read what test.said v1"),
        (
            record({"name": "n", "type": "int"}),
            record({"name": "n", "type": "long"}),
            "v2 cannot read what test.said v1",
        ),
        (
            record({"name": "n", "type": "long"}),
            record({"name": "n", "type": ["null", "long"], "default": None}),
            "v2 cannot read what test.said v1",
        ),
    ],
    ids=["new without default", "required one gone", "widened", "made optional"],
)
def test_a_version_must_read_the_older_and_be_read_by_it(
    older: AvroSchema, newer: AvroSchema, why: str
) -> None:
    with pytest.raises(Incompatible, match=why):
        refuse_incompatible(versions(older, newer))


def test_a_field_with_a_default_may_come_and_does_not_go_in_silence() -> None:
    refuse_incompatible(versions(record(TEXT), record(TEXT, NOTE)))
    with pytest.raises(Incompatible, match=r"test\.said v3 cannot read what test\.said v2.*note"):
        refuse_incompatible(versions(record(TEXT), record(TEXT, NOTE), record(TEXT)))


LONG, STRING, BYTES = "long", "string", "bytes"
DAY = {"type": "int", "logicalType": "date"}
INSTANT = {"type": "long", "logicalType": "timestamp-micros"}


def of_kind(kind: object) -> AvroSchema:
    return record({"name": "said", "type": kind})


@pytest.mark.parametrize("nest", [lambda kind: kind, lambda kind: {"type": "array", "items": kind}])
@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (STRING, BYTES),
        (BYTES, STRING),
        (DAY, INSTANT),
        (INSTANT, DAY),
        (LONG, INSTANT),
        (INSTANT, LONG),
        (DAY, LONG),
        (LONG, "double"),
        (STRING, INSTANT),
        (STRING, DAY),
        (["null", LONG], LONG),
        ({**record(TEXT), "name": "Part"}, {**record(NOTE), "name": "Part"}),
    ],
)
def test_what_our_reader_takes_for_something_else_is_no_compatible_change(
    older: object, newer: object, nest: Callable[[object], object]
) -> None:
    """Apache Avro calls some of these a promotion and sees nothing in others: they resolve."""
    with pytest.raises(Incompatible, match=r"test\.said v2 cannot read what test\.said v1 wrote"):
        refuse_incompatible(versions(of_kind(nest(older)), of_kind(nest(newer))))


@pytest.mark.parametrize(
    ("older", "newer"), [(STRING, BYTES), (BYTES, STRING), (DAY, INSTANT), (LONG, INSTANT)]
)
def test_avros_own_rules_allow_what_our_reader_does_not(older: object, newer: object) -> None:
    assert not unreadable(of_kind(newer), of_kind(older))


def test_a_step_of_upcasting_is_part_of_reading() -> None:
    """Version 1 of a promise named one invoice; the step makes a list of it."""
    old, new = (schemas.load("payment.promise_made", version) for version in (1, 2))
    assert misread("payment.promise_made", (2, new), (1, old)) == ()
    assert misread("payment.other", (2, new), (1, old)) == ("nothing is known of 'invoice_id'",)


def test_what_an_old_sample_says_must_still_be_said() -> None:
    """Golden bytes of a version that a step no longer turns into what the type holds."""

    def forgets(fields: Fields) -> Fields:
        return {**fields, "invoice_ids": []} | {"promise_id": str(fields["promise_id"])}

    steps = {("payment.promise_made", 1): lambda f: forgets(_promise(f))}
    with mock.patch.object(codec, "upcast", lambda *of: steps["payment.promise_made", 1](of[3])):
        faults = list(golden_faults(("payment.promise_made", 1)))
    said = "payment.promise_made v1: the type no longer says what its golden bytes say"
    assert faults == [said]  # the least sample names no invoice


def _promise(fields: Fields) -> Fields:
    return upcast("payment.promise_made", 1, 2, fields)


def test_compatibility_is_with_every_version_and_not_only_the_last() -> None:
    was: dict[str, object] = {"name": "n", "type": "string"}
    came_back: dict[str, object] = {"name": "n", "type": "long", "default": 0}
    first, second = record({**was, "default": ""}), record()
    third = record(came_back)
    assert not unreadable(third, second)
    assert not unreadable(second, third)

    with pytest.raises(Incompatible, match=r"test\.said v3 cannot read what test\.said v1 wrote"):
        refuse_incompatible(versions(first, second, third))


def test_a_published_file_is_never_written_again(tmp_path: Path) -> None:
    write_once(tmp_path / "said.v1.avsc", record())

    with pytest.raises(FileExistsError):
        write_once(tmp_path / "said.v1.avsc", record(TEXT))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the contract that commands run against."""
    shutil.copytree(FOLDER, tmp_path / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """`touchstone schemas COMMAND` against a copy of the contract."""
    return subprocess.run(
        [sys.executable, "-m", "services", "schemas", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(copy), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_is_published_as_it_was_and_nothing_else(copy: Path) -> None:
    lost = (
        "payment/invoice_amended.v1.avsc",
        "golden/payment.invoice_amended.v1.json",
        "asyncapi.yaml",
    )
    before = {path: path.stat().st_mtime_ns for path in _files(copy)}
    for path in lost:
        (copy / "schemas" / path).unlink()
    assert run(copy, "check").returncode == 4

    generated = run(copy, "generate")

    assert generated.stdout == "published payment.invoice_amended v1\nwrote asyncapi.yaml\n"
    for path in lost:
        assert (copy / "schemas" / path).read_bytes() == (FOLDER / path).read_bytes()
    untouched = {path: at for path, at in before.items() if not str(path).endswith(lost)}
    assert untouched == {path: path.stat().st_mtime_ns for path in untouched}
    published = len(list((copy / "schemas").glob("*/*.avsc")))
    assert run(copy, "check").stdout == f"{published} published schemas hold\n"
    assert run(copy, "generate").stdout == "nothing to publish\n"


def test_a_published_schema_that_was_edited_is_noticed_in_every_way(copy: Path) -> None:
    edited = copy / "schemas" / "payment" / "invoice_amended.v1.avsc"
    edited.write_text(edited.read_text("utf-8").replace('"due_on"', '"due"'), "utf-8")

    checked, generated = run(copy, "check"), run(copy, "generate")

    assert checked.returncode == 4
    assert "payment.invoice_amended v1 is published and its type now says" in checked.stderr
    assert "its golden bytes carry another schema's fingerprint" in checked.stderr
    assert "asyncapi.yaml is out of date" in checked.stderr
    assert generated.returncode == 2
    assert "raise the type's version" in generated.stderr
    assert "Traceback" not in checked.stderr + generated.stderr


def test_an_old_version_that_was_edited_is_noticed(copy: Path) -> None:
    edited = copy / "schemas" / "payment" / "promise_made.v1.avsc"
    edited.write_text(edited.read_text("utf-8").replace('"invoice_id"', '"invoice"'), "utf-8")

    checked = run(copy, "check", "--format", "json")

    assert checked.returncode == 4
    fault = "payment.promise_made v1: its golden bytes carry another schema's fingerprint"
    assert fault in json.loads(checked.stdout)["faults"]


def test_the_document_is_printed_as_it_is_kept(copy: Path) -> None:
    assert run(copy, "asyncapi").stdout == ASYNCAPI_FILE.read_text("utf-8")


def test_the_document_has_a_message_for_every_schema_and_no_loose_end() -> None:
    document = yaml.safe_load(ASYNCAPI_FILE.read_text("utf-8"))
    messages = document["components"]["messages"]
    avro = [message for message in messages.values() if "schemaFormat" in message["payload"]]

    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in document["channels"].values()} == {
        "touchpoints.g1",
        "policies.g1",
        "quarantine",
        "changes",
        "alerts",
        "checkpoints",
    }
    assert [message["payload"]["schema"] for message in avro] == [
        schemas.load(*schema) for schema in schemas.published()
    ]
    for reference in _references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _files(copy: Path) -> list[Path]:
    return [path for path in (copy / "schemas").rglob("*") if path.is_file()]
