from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from events.codec import HEADER_BYTES, decode, decode_by_library, encode, fingerprint
from events.errors import EventError, MalformedEvent, UnknownSchema
from events.money import Money
from events.samples import sample_of
from events.touchpoints import TYPES, Touchpoint
from events.touchpoints.contact import VisitPlanned
from events.touchpoints.customer import CustomerMerged
from events.touchpoints.payment import InvoiceIssued, PaymentReceived, PromiseMade
from services.schemas.golden import load_golden
from tests.support.touchpoints import touchpoints

INVOICE = InvoiceIssued(
    invoice_id="INV-1", amount=Money(100_000, "CNY"), due_on=date(2026, 3, 1), order_id="ORD-9"
)


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda touchpoint: touchpoint.event_type)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_type_allows_comes_back_as_it_was(
    touchpoint: type[Touchpoint], data: st.DataObject
) -> None:
    said = data.draw(touchpoints(touchpoint))

    assert decode(encode(said)) == said


def test_fingerprints_are_those_of_the_avro_specification() -> None:
    assert int.from_bytes(fingerprint({"type": "int"}), "little") == 0x7275D51A3F395C8F
    assert int.from_bytes(fingerprint({"type": "null"}), "little") == 0x63DD24E7CC258F8A


def test_bytes_begin_with_the_marker_and_the_fingerprint_of_their_schema() -> None:
    header = encode(INVOICE)[:HEADER_BYTES]

    assert header == b"\xc3\x01" + fingerprint(
        schemas.load("payment.invoice_issued", INVOICE.version)
    )


def test_a_promise_of_version_1_reads_as_one_about_a_list_of_one_invoice() -> None:
    everything, least = load_golden(("payment.promise_made", 1)).samples

    promise = decode(bytes.fromhex(everything.bytes))
    assert promise == PromiseMade(
        promise_id="promise-1",
        amount=Money(571, "CNY"),
        promised_on=date(2026, 3, 2),
        invoice_ids=("invoice-1",),
        sealed=b"sealed-1",
    )
    of_everything_overdue = decode(bytes.fromhex(least.bytes))
    assert isinstance(of_everything_overdue, PromiseMade)
    assert of_everything_overdue.invoice_ids == ()


def test_instants_are_written_in_utc_whatever_their_offset() -> None:
    shanghai = timezone(timedelta(hours=8))
    visit = VisitPlanned(
        visit_id="V", purpose="stock", planned_at=datetime(2026, 3, 2, 9, tzinfo=shanghai)
    )

    read = decode(encode(visit))

    assert read == visit
    assert isinstance(read, VisitPlanned)
    assert read.planned_at.tzinfo is UTC


@pytest.mark.parametrize(
    "wrong",
    [
        InvoiceIssued(invoice_id="", amount=Money(1, "CNY"), due_on=date(2026, 3, 1)),
        InvoiceIssued(invoice_id="I", amount=Money(-1, "CNY"), due_on=date(2026, 3, 1)),
        InvoiceIssued(invoice_id="I", amount=Money(10**16, "CNY"), due_on=date(2026, 3, 1)),
        InvoiceIssued(invoice_id="I", amount=Money(1, "CNY\n"), due_on=date(2026, 3, 1)),
        InvoiceIssued(invoice_id="I", amount=Money(1, "yuan"), due_on=date(2026, 3, 1)),
        CustomerMerged(into="\ud800"),
        VisitPlanned(visit_id="V", purpose="p", planned_at=datetime(2026, 3, 2)),  # noqa: DTZ001
        VisitPlanned(
            visit_id="V",
            purpose="p",
            planned_at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        ),
    ],
    ids=[
        "empty key",
        "negative money",
        "too much money",
        "line break in a currency",
        "no currency code",
        "half a surrogate pair",
        "instant without offset",
        "instant beyond the calendar",
    ],
)
def test_what_a_type_does_not_allow_is_not_written(wrong: Touchpoint) -> None:
    with pytest.raises(MalformedEvent):
        encode(wrong)


def test_bytes_of_a_schema_never_published_name_its_fingerprint() -> None:
    with pytest.raises(UnknownSchema, match="6161616161616161"):
        decode(b"\xc3\x01" + b"a" * 8 + b"body")


@pytest.mark.parametrize("payload", [b"", b"\xc3", b"\xc3\x01abc", b"{}", b"\x00" * 20])
def test_bytes_that_are_not_single_object_encoding_are_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedEvent):
        decode(payload)


def test_bytes_cut_short_anywhere_are_malformed() -> None:
    payload = encode(INVOICE)

    for length in range(HEADER_BYTES, len(payload)):
        with pytest.raises(MalformedEvent):
            decode(payload[:length])


def test_bytes_after_the_end_are_malformed() -> None:
    with pytest.raises(MalformedEvent, match="bytes follow"):
        decode(encode(INVOICE) + b"\x00")


@settings(max_examples=600)
@given(
    touchpoint=st.sampled_from(TYPES),
    at=st.integers(HEADER_BYTES, 400),
    noise=st.binary(min_size=1, max_size=12),
)
def test_damaged_bytes_read_as_something_allowed_or_are_refused(
    touchpoint: type[Touchpoint], at: int, noise: bytes
) -> None:
    payload = encode(sample_of(touchpoint))
    damaged = payload[:at] + noise + payload[at + len(noise) :]

    try:
        read = decode(damaged)
    except EventError:
        return
    assert encode(read)


def test_a_text_with_nul_is_refused_by_both_readers() -> None:
    """No database can hold it: a customer is parked, and not the whole worker stopped."""
    payload = encode(PaymentReceived(payment_id="P\0", amount=Money(1, "CNY")))
    for read in (decode, decode_by_library):
        with pytest.raises(MalformedEvent, match="NUL"):
            read(payload)
