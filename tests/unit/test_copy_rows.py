"""Dossiers come out of a binary COPY as they went in, however it is cut into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import encode
from events.facts import Fact
from events.money import Money
from events.touchpoints.payment import PaymentReceived
from services.log.copy_rows import BrokenCopy, DossierReader
from services.ports import Dossier

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
PAYMENT = PaymentReceived(payment_id="P-1", amount=Money(60, "CNY"))

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20)
longs = st.integers(-(2**63), 2**63 - 1)
instants = st.datetimes(timezones=st.just(UTC))
rows = st.tuples(texts, st.uuids(), texts, texts, longs, longs, instants)


def field(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def long(value: int) -> bytes:
    return field(value.to_bytes(8, "big", signed=True))


def row(
    customer: str, id_: UUID, source: str, branch: str, epoch: int, sequence: int, at: datetime,
    data: bytes,
) -> bytes:  # fmt: skip
    micros = (at - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return (
        (8).to_bytes(2, "big")
        + field(customer.encode()) + field(id_.bytes)
        + field(source.encode()) + field(branch.encode())
        + long(epoch) + long(sequence) + long(micros) + field(data)
    )  # fmt: skip


def read(sent: bytes, cuts: Sequence[int] = ()) -> list[Dossier]:
    reader, found = DossierReader(), []
    places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    for begin, end in pairwise(places):
        found += reader.feed(sent[begin:end])
    return found + reader.end()


@given(st.lists(rows, max_size=12), st.lists(st.integers(min_value=0), max_size=6))
def test_every_row_is_its_customers_fact_wherever_the_chunks_are_cut(
    sent: list[tuple[str, UUID, str, str, int, int, datetime]], cuts: list[int]
) -> None:
    sent.sort(key=lambda one: one[0])
    data = encode(PAYMENT)
    copied = HEADER + b"".join(row(*one, data) for one in sent) + END
    expected: dict[str, list[Fact]] = {}
    for customer, id_, source, branch, epoch, sequence, at in sent:
        fact = Fact(str(id_), at, branch, source, epoch, sequence, PAYMENT)  # type: ignore[arg-type]
        expected.setdefault(customer, []).append(fact)
    found = read(copied, cuts)
    assert {one.customer: one.facts for one in found} == expected
    assert [one.customer for one in found] == list(expected)
    assert not any(one.unreadable for one in found)


def test_what_cannot_be_decoded_is_told_beside_the_facts() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    first, second, third = UUID(int=1), UUID(int=2), UUID(int=3)
    sound, altered = encode(PAYMENT), b"\xc3\x01\0\0"
    (found,) = read(
        HEADER
        + row("C-1", first, "s", "B", 0, 1, at, sound)
        + row("C-1", second, "s", "B", 0, 2, at, altered)
        + row("C-1", third, "s", "B", 0, 3, at, sound)
        + END
    )
    assert [fact.id for fact in found.facts] == [str(first), str(third)]
    ((event_id, reason),) = found.unreadable
    assert event_id == str(second)
    assert "do not begin as Avro" in reason


def test_a_copy_of_nothing_holds_nobody() -> None:
    assert read(HEADER + END) == []


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HEADER,
        HEADER + (7).to_bytes(2, "big") + bytes(40) + END,
        HEADER[:-1] + b"\1" + END,
        b"PGCOPY\n\xff\r\n\x01" + bytes(8) + END,
    ],
)
def test_what_is_no_whole_copy_of_the_columns_is_refused(sent: bytes) -> None:
    with pytest.raises(BrokenCopy):
        read(sent)


@given(st.integers(min_value=1))
def test_rows_that_are_cut_short_are_refused(missing: int) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    whole = HEADER + row("C-1", UUID(int=1), "s", "B", 0, 1, at, encode(PAYMENT)) + END
    with pytest.raises(BrokenCopy):
        read(whole[: -(1 + missing % (len(whole) - 1))])
