"""A touchpoint keeps every attribute on Kafka, under the documented names."""

from datetime import timedelta

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.codec import encode
from events.partitioning import PARTITIONS, partition_of
from services.log.kafka.wire import (
    ForeignRecord,
    from_headers,
    key_of,
    largest_size,
    pack_headers,
    to_record,
    unpack_headers,
)
from services.schemas.headers import headers_schema
from tests.support.log import START, payment

SENT = payment(7)
FULL = replace(
    SENT.envelope,
    sent_at=START + timedelta(microseconds=1),
    collected_at=START + timedelta(hours=2),
    causation_id="cause 因",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate="congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
)


@pytest.mark.parametrize(
    "envelope",
    [SENT.envelope, FULL, replace(FULL, subject=None), replace(FULL, sequence=0)],
    ids=["least", "full", "without a customer", "without a counter"],
)
def test_an_envelope_survives_the_way_over_kafka(envelope: object) -> None:
    recorded_at = START + timedelta(days=1, microseconds=999_999)
    record = to_record(envelope, 1, encode(SENT.data), recorded_at)  # type: ignore[arg-type]
    assert from_headers(record.headers) == (envelope, recorded_at)
    assert unpack_headers(pack_headers(record.headers)) == record.headers


def test_another_stamp_changes_nothing_else() -> None:
    record = to_record(FULL, 1, b"", START)
    assert record.stamped(START + timedelta(hours=1)) == to_record(
        FULL, 1, b"", START + timedelta(hours=1)
    )


def test_headers_are_those_that_are_documented() -> None:
    documented = headers_schema()
    names = {name for name, _ in to_record(FULL, 3, b"", START).headers} - {"content-type"}
    assert names == set(documented["properties"])  # type: ignore[call-overload]
    least = {name for name, _ in to_record(SENT.envelope, 1, b"", START).headers}
    assert least >= set(documented["required"])  # type: ignore[call-overload]
    schema = dict(to_record(FULL, 3, b"", START).headers)["ce_dataschema"]
    assert schema == b"/schemas/payment/payment_received.v3.avsc"


def test_kafkas_own_partitioner_would_choose_the_same_partition() -> None:
    partitions = list(range(PARTITIONS))
    default = DefaultPartitioner()
    for key in ("C-1", "branch:B-1", "", "客户-7", *(f"customer {n}" for n in range(500))):
        assert default(key.encode(), partitions, partitions) == partition_of(key)


def test_an_event_without_a_customer_is_keyed_by_its_branch() -> None:
    assert key_of(FULL) == b"C-1"
    assert key_of(replace(FULL, subject=None)) == b"branch:B-1"


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_recordedtime", "ce_sourceepoch"])
def test_a_record_without_a_needed_attribute_is_foreign(name: str) -> None:
    headers = [h for h in to_record(FULL, 1, b"", START).headers if h[0] != name]
    with pytest.raises(ForeignRecord, match=name):
        from_headers(headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b"abc"),
        ("ce_id", b"ab"),
        ("ce_sequence", b"seven"),
        ("ce_sequence", b"9223372036854775808"),
        ("ce_sourceepoch", b"-1"),
        ("ce_recordedtime", b"2026-03-02T09:00:00"),
        ("ce_time", b"yesterday"),
        ("ce_source", b"\xff"),
        ("ce_source", None),
        ("ce_subject", b"C\x001"),
        ("ce_time", b"0001-01-01T00:00:00+14:00"),  # before the calendar, in UTC
        ("ce_effectivetime", b"9999-12-31T23:00:00-14:00"),  # after it
    ],
)
def test_a_record_with_an_impossible_attribute_is_foreign(name: str, value: bytes | None) -> None:
    headers = [(n, value if n == name else v) for n, v in to_record(FULL, 1, b"", START).headers]
    with pytest.raises(ForeignRecord, match=name) as foreign:
        from_headers(headers)
    if value:
        assert value.decode(errors="replace") not in str(foreign.value), "it may be personal"


def test_a_record_that_says_an_attribute_twice_is_foreign() -> None:
    headers = to_record(FULL, 1, b"", START).headers
    with pytest.raises(ForeignRecord, match="'ce_subject' twice"):
        from_headers((*headers, ("ce_subject", b"C-2")))


def test_headers_of_others_are_left_alone() -> None:
    record = to_record(FULL, 1, b"", START)
    others = [("hop", b"1"), ("hop", None), ("traceparent", b"\x00"), ("ce_other", b"\xff")]
    assert from_headers([*others, *record.headers]) == (FULL, START)


def test_a_record_without_a_counter_is_one_of_a_source_that_keeps_none() -> None:
    headers = [h for h in to_record(FULL, 1, b"", START).headers if h[0] != "ce_sequence"]
    assert from_headers(headers) == (replace(FULL, sequence=0), START)


@given(st.permutations(to_record(FULL, 1, b"", START).headers))
def test_the_order_of_headers_means_nothing(headers: list[tuple[str, bytes | None]]) -> None:
    assert from_headers(headers) == (FULL, START)


def test_no_record_is_larger_than_was_foreseen() -> None:
    wide = replace(FULL, correlation_id="因" * 500, source="/branches/店/till")
    record = to_record(wide, 1, b"x" * 100, START)
    size = len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)
    assert size < largest_size(wide, b"x" * 100)
