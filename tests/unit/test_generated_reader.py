"""The generated readers read what the library reads, and refuse what it refuses."""

from io import BytesIO
from typing import cast

import msgspec
import pytest
from fastavro import schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from events.codec import HEADER_BYTES, decode, decode_by_library, encode
from events.errors import EventError, MalformedEvent
from events.money import Money
from events.samples import sample_of
from events.touchpoints import TYPES, Touchpoint
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import PaymentReceived
from services.schemas.golden import load_golden
from tests.support.touchpoints import touchpoints


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda touchpoint: touchpoint.event_type)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_written_is_read_as_the_library_reads_it(
    touchpoint: type[Touchpoint], data: st.DataObject
) -> None:
    payload = encode(data.draw(touchpoints(touchpoint)))

    read = decode(payload)

    assert read == decode_by_library(payload)
    assert type(read) is touchpoint


@pytest.mark.parametrize("schema", schemas.published(), ids=lambda one: f"{one[0]}.v{one[1]}")
def test_golden_bytes_of_every_version_read_alike(schema: tuple[str, int]) -> None:
    for sample in load_golden(schema).samples:
        payload = bytes.fromhex(sample.bytes)

        assert decode(payload) == decode_by_library(payload)


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda touchpoint: touchpoint.event_type)
def test_bytes_cut_short_or_followed_by_others_are_refused(touchpoint: type[Touchpoint]) -> None:
    payload = encode(sample_of(touchpoint))

    for wrong in (payload + b"\0", *(payload[:end] for end in range(HEADER_BYTES, len(payload)))):
        with pytest.raises(MalformedEvent, match=touchpoint.event_type):
            decode(wrong)


def _read(payload: bytes) -> Touchpoint | None:
    try:
        return decode(payload)
    except EventError:
        return None


@given(touchpoint=st.sampled_from(TYPES), data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_altered_bytes_are_refused_or_read_as_the_library_reads_them(
    touchpoint: type[Touchpoint], data: st.DataObject
) -> None:
    """Bytes of no proper form (a length below 0, a number beyond 64 bits) may be refused here
    alone; what is read is never anything else."""
    altered = bytearray(encode(sample_of(touchpoint)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(HEADER_BYTES, len(altered)))
        altered[place : place + 1] = data.draw(st.binary(max_size=3))

    read = _read(bytes(altered))

    assert read is None or read == decode_by_library(bytes(altered))


@pytest.mark.parametrize(
    ("right", "field", "wrong"),
    [
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "payment_id", ""),
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "payment_id", "P" * 121),
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "amount", [5, "cny"]),
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "amount", [-1, "CNY"]),
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "amount", [10**15 + 1, "CNY"]),
        (PaymentReceived(payment_id="P", amount=Money(5, "CNY")), "invoice_ids", ["I", ""]),
        (OrderPlaced(order_id="O", amount=Money(5, "CNY")), "quantity", -1),
        (OrderPlaced(order_id="O", amount=Money(5, "CNY")), "channel", "x" * 401),
        (ComplaintFiled(severity="low"), "severity", "dreadful"),
    ],
)
def test_a_value_outside_its_bounds_is_refused_by_both(
    right: Touchpoint, field: str, wrong: object
) -> None:
    fields = cast(dict[str, object], msgspec.to_builtins(right))
    if field == "amount":
        wrong = dict(zip(("minor", "currency"), cast(list[object], wrong), strict=True))
    body = BytesIO(encode(right)[:HEADER_BYTES])
    body.seek(HEADER_BYTES)
    schema = schemas.load(right.event_type, right.version)
    schemaless_writer(body, schema, {**fields, field: wrong})

    for read in (decode, decode_by_library):
        with pytest.raises(MalformedEvent):
            read(body.getvalue())
