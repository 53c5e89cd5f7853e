"""The compiled reader reads what the library reads, and hands on whatever else it is given."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas
from events.codec import (
    HEADER_BYTES,
    compiled_plans,
    decode_by_library,
    decode_in_python,
    encode,
    published_schema,
)
from events.envelope import BranchId, EventId
from events.errors import EventError, MalformedEvent
from events.facts import Fact
from events.money import Money
from events.reading_plan import (
    Day,
    Double,
    Flag,
    Instant,
    Maybe,
    Octets,
    Plan,
    Record,
    Several,
    Text,
    Whole,
    Word,
)
from events.samples import sample_of
from events.touchpoints import TYPES, Touchpoint
from events.touchpoints.payment import PaymentReceived
from services.schemas.golden import load_golden
from tests.support.touchpoints import touchpoints

if TYPE_CHECKING:
    from events.compiled_reader import Reader

pytestmark = pytest.mark.native

_GOLDEN = [
    bytes.fromhex(sample.bytes)
    for schema in schemas.published()
    for sample in load_golden(schema).samples
]


def _handed_on(payload: bytes) -> Touchpoint:
    raise MalformedEvent("handed on")


@pytest.fixture(scope="session")
def alone(compiled_reader: ModuleType) -> Reader:
    """A reader that hands nothing on: what it does not read is refused."""
    reader: Reader = compiled_reader.Reader(compiled_plans(), _handed_on, EventError)
    return reader


@pytest.fixture(scope="session")
def reader(compiled_reader: ModuleType) -> Reader:
    """A reader as `decode` has it."""
    made: Reader = compiled_reader.Reader(compiled_plans(), decode_in_python, EventError)
    return made


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda touchpoint: touchpoint.event_type)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_written_is_read_as_the_library_reads_it(
    alone: Reader, touchpoint: type[Touchpoint], data: st.DataObject
) -> None:
    payload = encode(data.draw(touchpoints(touchpoint)))

    read = alone.read(payload)

    assert read == decode_by_library(payload)
    assert type(read) is touchpoint
    assert msgspec.convert(msgspec.to_builtins(read), touchpoint) == read


def test_golden_bytes_of_every_version_read_alike(alone: Reader, reader: Reader) -> None:
    for payload in _GOLDEN:
        mine = reader if published_schema(payload).needs_upcast else alone

        assert mine.read(payload) == decode_by_library(payload)


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda touchpoint: touchpoint.event_type)
def test_bytes_cut_short_or_followed_by_others_are_refused(
    alone: Reader, touchpoint: type[Touchpoint]
) -> None:
    payload = encode(sample_of(touchpoint))

    for wrong in (payload + b"\0", *(payload[:end] for end in range(len(payload)))):
        with pytest.raises(MalformedEvent):
            alone.read(wrong)


def _read(reader: Reader, payload: bytes) -> Touchpoint | None:
    try:
        return reader.read(payload)
    except EventError:
        return None


def _in_python(payload: bytes) -> Touchpoint | None:
    try:
        return decode_in_python(payload)
    except EventError:
        return None


@given(touchpoint=st.sampled_from(TYPES), data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_altered_bytes_are_refused_or_read_as_by_the_reader_in_python(
    alone: Reader, touchpoint: type[Touchpoint], data: st.DataObject
) -> None:
    altered = bytearray(encode(data.draw(touchpoints(touchpoint))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(HEADER_BYTES, len(altered)))
        altered[place : place + 1] = data.draw(st.binary(max_size=3))

    # Compared by what is shown: NaN is no other NaN's equal.
    assert repr(_read(alone, bytes(altered))) == repr(_in_python(bytes(altered)))


def test_no_bytes_break_it(alone: Reader) -> None:
    dice = Random(7)
    for _ in range(20_000):
        altered = bytearray(dice.choice(_GOLDEN))
        for _ in range(dice.randint(1, 4)):
            place = dice.randint(0, len(altered))
            altered[place : place + dice.randint(0, 2)] = dice.randbytes(dice.randint(0, 3))
        payload = bytes(altered)

        if (read := _read(alone, payload)) is not None:
            assert repr(read) == repr(decode_in_python(payload))


# --- values, by plans of their own ---

_HEADER = b"\xc3\x01" + bytes(range(8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _One(msgspec.Struct, frozen=True):
    value: object


def _long(number: int) -> bytes:
    """A number as Avro writes it: zigzag, seven bits to a byte, the lowest first."""
    raw = (number << 1) if number >= 0 else (-number << 1) - 1
    written = b""
    while raw > 127:
        written += bytes([raw & 127 | 128])
        raw >>= 7
    return written + bytes([raw])


def _value(module: ModuleType, plan: Plan, body: bytes) -> object:
    """What is read of a body by a plan, or why nothing is."""
    plans = {_HEADER: Record(_One, (("value", plan),))}
    reader = module.Reader(plans, _handed_on, EventError)
    try:
        return reader.read(_HEADER + body).value
    except MalformedEvent as error:
        return str(error)


_REFUSED = "handed on"
_LATIN = Text(1, 3, re.compile("^[a-z]+$").search)


@pytest.mark.parametrize(
    ("plan", "body", "value"),
    [
        (Whole(-5, 10), _long(-5), -5),
        (Whole(-5, 10), _long(10), 10),
        (Whole(-5, 10), _long(-6), _REFUSED),
        (Whole(-5, 10), _long(11), _REFUSED),
        (Whole(-(2**63), 2**63 - 1), _long(-(2**63)), -(2**63)),
        (Whole(-(2**63), 2**63 - 1), _long(2**63 - 1), 2**63 - 1),
        (Whole(-(2**63), 2**63 - 1), _long(2**63), _REFUSED),
        (Whole(-(2**63), 2**63 - 1), b"\x80" * 9 + b"\x02", _REFUSED),
        (Whole(-(2**63), 2**63 - 1), b"\x80" * 20 + b"\x00", _REFUSED),
        (Whole(0, 10), b"\x80", _REFUSED),
        (_LATIN, _long(3) + b"abc", "abc"),
        (_LATIN, _long(4) + b"abcd", _REFUSED),
        (_LATIN, _long(0), _REFUSED),
        (_LATIN, _long(2) + b"aB", _REFUSED),
        (Text(0, 3, None), _long(9) + "三个字".encode(), "三个字"),
        (Text(0, 3, None), _long(12) + "三个字了".encode(), _REFUSED),
        (Text(0, 3, None), _long(2) + b"a\0", _REFUSED),
        (Text(0, 9, None), _long(3) + b"\xed\xa0\x80", _REFUSED),  # half of a surrogate pair
        (Text(0, 9, None), _long(2) + b"\xc0\x80", _REFUSED),  # NUL, too long
        (Text(0, 9, None), _long(-1), _REFUSED),
        (Text(0, 9, None), _long(2**62) + b"a", _REFUSED),
        (Word(("low", "high")), _long(4) + b"high", "high"),
        (Word(("low", "high")), _long(3) + b"hig", _REFUSED),
        (Octets(), _long(2) + b"\0\xff", b"\0\xff"),
        (Octets(), _long(3) + b"\0\xff", _REFUSED),
        (Flag(), b"\1", True),
        (Flag(), b"\0", False),
        (Flag(), b"\2", _REFUSED),
        (Double(), struct.pack("<d", -2.5), -2.5),
        (Double(), struct.pack("<d", -1.0), -1.0),
        (Double(), b"1234567", _REFUSED),
        (Maybe(Flag()), b"\0", None),
        (Maybe(Flag()), b"\2\1", True),
        (Maybe(Flag()), b"\1\1", _REFUSED),
        (Several(Flag()), b"\0", ()),
        (Several(Flag()), _long(2) + b"\1\0" + _long(1) + b"\1\0", (True, False, True)),
        (Several(Flag()), _long(-2) + _long(2) + b"\1\0\0", (True, False)),
        (Several(Flag()), _long(2**40) + b"\1\0", _REFUSED),
        (Several(Flag()), _long(-(2**63)) + b"\2\1\0", _REFUSED),
        (Record(_One, (("value", Flag()),)), b"\1", _One(True)),
    ],
)
def test_a_value_is_read_or_refused(
    compiled_reader: ModuleType, plan: Plan, body: bytes, value: object
) -> None:
    assert _value(compiled_reader, plan, body) == value


def test_a_day_is_the_calendars(compiled_reader: ModuleType) -> None:
    first, last = date.min.toordinal(), date.max.toordinal()
    unix = date(1970, 1, 1).toordinal()
    for ordinal in (first, *range(first, last, 61), *range(unix - 800, unix + 800), last):
        read = _value(compiled_reader, Day(), _long(ordinal - unix))

        assert read == date.fromordinal(ordinal)
    for ordinal in (first - 1, last + 1, 2**62):
        assert _value(compiled_reader, Day(), _long(ordinal - unix)) == _REFUSED


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_to_the_microsecond(
    compiled_reader: ModuleType, instant: datetime
) -> None:
    micros = (instant - _EPOCH) // timedelta(microseconds=1)

    read = _value(compiled_reader, Instant(), _long(micros))

    assert read == instant
    assert isinstance(read, datetime)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("beyond", [-(2**63), 2**63 - 1, 253_402_300_800_000_000])
def test_an_instant_outside_the_years_is_refused(compiled_reader: ModuleType, beyond: int) -> None:
    assert _value(compiled_reader, Instant(), _long(beyond)) == _REFUSED


def test_what_is_no_plan_is_not_taken(compiled_reader: ModuleType) -> None:
    three = Record(_One, (("value", cast(Plan, 3)),))
    for plan in (Flag(), ("Flag",), None, Record(_One, ()), three):
        with pytest.raises((TypeError, ValueError)):
            compiled_reader.Reader({_HEADER: plan}, _handed_on, EventError)


# --- rows ---


class _Dossier(NamedTuple):
    customer: str
    facts: list[Fact]
    unreadable: list[tuple[str, str]]


class _Unreadable(NamedTuple):
    event_id: str
    reason: str


_TRAILER = b"\xff\xff"
_PAYMENT = PaymentReceived(payment_id="P", amount=Money(5, "CNY"))


def _row(customer: str, fact: Fact, data: bytes | None = None) -> bytes:
    """A row as PostgreSQL sends it: its columns, each behind its length."""
    micros = (fact.effective_at - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    columns = (
        customer.encode(),
        UUID(fact.id).bytes,
        fact.source.encode(),
        fact.branch_id.encode(),
        struct.pack(">q", fact.epoch),
        struct.pack(">q", fact.sequence),
        struct.pack(">q", micros),
        encode(fact.data) if data is None else data,
    )
    return struct.pack(">h", 8) + b"".join(struct.pack(">i", len(c)) + c for c in columns)


def _fact(n: int, data: Touchpoint = _PAYMENT) -> Fact:
    at = datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC) + n * timedelta(days=7, seconds=1)
    return Fact(
        EventId(str(uuid5(UUID(int=0), str(n)))), at, BranchId("B-1"), "/branches/B-1/till-1",
        n - 3, n, data,
    )  # fmt: skip


def _rows(reader: Reader, chunks: Sequence[bytes]) -> tuple[list[_Dossier], bool, bytes]:
    """What is read of chunks; whether the copy ended; and what is left."""
    dossiers: list[_Dossier] = []
    left, ended = b"", False
    for chunk in chunks:
        left += chunk
        at, ended = reader.rows(left, 0, dossiers, Fact, _Dossier, _Unreadable)
        left = left[at:]
    return dossiers, ended, left


def _three() -> tuple[bytes, list[_Dossier]]:
    facts = [_fact(n, sample_of(kind)) for n, kind in enumerate(TYPES)]
    copied = b"".join(_row(f"C-{n // 10}", fact) for n, fact in enumerate(facts))
    dossiers = [
        _Dossier(f"C-{n}", facts[10 * n : 10 * n + 10], []) for n in range((len(facts) + 9) // 10)
    ]
    return copied + _TRAILER, dossiers


def test_rows_are_facts_by_customer_wherever_they_are_cut(reader: Reader) -> None:
    copied, dossiers = _three()

    assert _rows(reader, [copied]) == (dossiers, True, b"")
    for cut in range(0, len(copied), 7):
        assert _rows(reader, [copied[:cut], copied[cut:]]) == (dossiers, True, b"")
    assert _rows(reader, [bytes([byte]) for byte in copied[:3000]])[1] is False


def test_an_event_that_cannot_be_read_is_beside_its_customers_others(reader: Reader) -> None:
    good, bad, other = _fact(1), _fact(2), _fact(3)
    copied = (
        _row("C-1", good) + _row("C-1", bad, encode(_PAYMENT)[:-1]) + _row("C-1", other)
        + _row("C-2", good)
    )  # fmt: skip

    [first, second], ended, _ = _rows(reader, [copied])

    assert not ended
    assert (first.customer, first.facts) == ("C-1", [good, other])
    [(event_id, reason)] = first.unreadable
    assert event_id == bad.id
    assert reason.startswith(f"payment.payment_received v{PaymentReceived.version}: ")
    assert second == _Dossier("C-2", [good], [])


def test_what_is_told_often_is_one_object(reader: Reader) -> None:
    [dossier], _, _ = _rows(reader, [_row("C-1", _fact(1)) + _row("C-1", _fact(2))])
    one, other = dossier.facts

    assert one.source is other.source
    assert one.branch_id is other.branch_id
    assert (
        cast(PaymentReceived, one.data).amount.currency
        is cast(PaymentReceived, other.data).amount.currency
    )


@pytest.mark.parametrize(
    "wrong",
    [
        struct.pack(">h", 7),
        struct.pack(">h", -2),
        struct.pack(">hi", 8, -1),
        struct.pack(">hi", 8, 1) + b"C" + struct.pack(">i", 15) + bytes(15),
    ],
)
def test_what_is_no_such_row_is_refused(reader: Reader, wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"row|column"):
        _rows(reader, [_row("C-1", _fact(1)) + wrong])


def test_no_copy_breaks_it(reader: Reader) -> None:
    copied, _ = _three()
    dice = Random(11)
    outcomes: set[object] = set()
    for altered in _altered(copied, dice, 1_000):
        try:
            dossiers, ended, _ = _rows(reader, [altered])
        except ValueError:
            outcomes.add("refused")
        else:
            outcomes.add(ended)
            for dossier in dossiers:
                assert all(type(fact) is Fact for fact in dossier.facts)
    assert outcomes == {"refused", True, False}


def _altered(copied: bytes, dice: Random, times: int) -> Iterator[bytes]:
    for _ in range(times):
        altered = bytearray(copied)
        for _ in range(dice.randint(1, 5)):
            place = dice.randint(0, len(altered))
            altered[place : place + dice.randint(0, 2)] = dice.randbytes(dice.randint(0, 2))
        yield bytes(altered)


def test_rows_that_begin_outside_the_bytes_are_refused(reader: Reader) -> None:
    for start in (-1, 1):
        with pytest.raises(ValueError, match="outside"):
            reader.rows(b"", start, [], Fact, _Dossier, _Unreadable)
