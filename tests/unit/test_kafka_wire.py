"""A touchpoint keeps every attribute on Kafka, under the documented names."""

from datetime import UTC, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.codec import decode, encode
from events.envelope import Envelope
from events.errors import EventError
from events.partitioning import PARTITIONS, partition_of
from services.log.kafka.wire import (
    WRITTEN,
    ForeignRecord,
    from_headers,
    key_of,
    largest_size,
    pack_headers,
    read_in_python,
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


def _altered() -> st.SearchStrategy[list[tuple[str, bytes | None]]]:
    """Headers of a record, some of them altered, left out, told twice or of others."""
    written = to_record(FULL, 1, b"", START).headers
    instants = st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Asia/Shanghai")]))
    values = st.one_of(
        st.none(),
        st.binary(max_size=40),
        st.text(max_size=40).map(str.encode),
        st.integers(-(2**65), 2**65).map(lambda n: str(n).encode()),
        st.from_regex(r"[+ ]?[0-9_]{1,20}", fullmatch=True).map(str.encode),
        instants.map(lambda at: at.isoformat().encode()),
        instants.map(lambda at: at.isoformat(timespec="microseconds")[:26].encode() + b"Z"),
        st.uuids().map(lambda one: str(one).upper().encode()),
        st.from_regex(
            r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", fullmatch=True
        ).map(str.encode),
    )
    names = st.sampled_from([name for name, _ in written] + ["hop", "ce_other", "ce_因"])
    one = st.tuples(st.integers(0, len(written)), names, values)

    def alter(changes: list[tuple[int, str, bytes | None]]) -> list[tuple[str, bytes | None]]:
        headers: list[tuple[str, bytes | None]] = list(written)
        for place, name, value in changes:
            if place < len(headers) and headers[place][0] == name and value is None:
                del headers[place]
            elif any(known == name for known, _ in headers):
                headers = [(known, value if known == name else old) for known, old in headers]
            else:
                headers.insert(place, (name, value))
        return headers

    return st.lists(one, min_size=1, max_size=3).map(alter)


@pytest.mark.native
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=_altered())
def test_the_compiled_reader_reads_the_headers_that_python_reads_or_leaves_them_to_it(
    compiled_reader: ModuleType, headers: list[tuple[str, bytes | None]]
) -> None:
    reader = compiled_reader.Reader({}, decode, EventError)
    found = reader.envelope(tuple(headers), WRITTEN, Envelope)
    try:
        expected = read_in_python(headers)
    except ForeignRecord:
        assert found is None
    else:
        assert found is None or found == expected


@pytest.mark.native
@pytest.mark.parametrize("envelope", [SENT.envelope, FULL, replace(FULL, subject=None)])
def test_the_compiled_reader_leaves_no_record_of_a_gateway_to_python(
    compiled_reader: ModuleType, envelope: Envelope
) -> None:
    reader = compiled_reader.Reader({}, decode, EventError)
    record = to_record(envelope, 1, b"", START)
    assert reader.envelope(record.headers, WRITTEN, Envelope) == (envelope, START)
    counted = [name for name, _ in to_record(FULL, 1, b"", START).headers if name[:3] == "ce_"]
    assert counted == list(WRITTEN), "the names stand in the order in which they are written"


def test_no_record_is_larger_than_was_foreseen() -> None:
    wide = replace(FULL, correlation_id="因" * 500, source="/branches/店/till")
    record = to_record(wide, 1, b"x" * 100, START)
    size = len(record.key) + len(record.value) + sum(len(n) + len(v) for n, v in record.headers)
    assert size < largest_size(wide, b"x" * 100)
