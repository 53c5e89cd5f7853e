"""Timeline entries: every type of touchpoint, families, pages by place, tokens."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.errors import MalformedToken
from events.money import Money
from events.samples import sample_of
from events.touchpoints import TYPES
from events.touchpoints.complaint import CaseAssigned, ComplaintFiled
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections.timeline.entries import TimelinePlace, Value, entry_of, family_of, page, place_of
from tests.support.touchpoints import START, recorded

FAMILIES = {
    "access",
    "customer",
    "order",
    "payment",
    "complaint",
    "callback",
    "visit",
    "contact",
    "policy",
}


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda t: str(t.event_type))
def test_every_touchpoint_has_an_entry(touchpoint: type) -> None:
    for least in (False, True):
        event = recorded(sample_of(touchpoint, least=least))
        entry = entry_of(event)
        assert entry.family in FAMILIES
        assert entry.type == touchpoint.event_type  # type: ignore[attr-defined]
        assert entry.place.fact_key == event.fact_key
        assert all(isinstance(value, get_args(Value)) for _, value in entry.words)
        assert all(isinstance(value, str) for _, value in entry.identifiers)
        assert "sealed" not in dict(entry.words)


def test_an_entry_says_the_amount_the_identifiers_and_the_words() -> None:
    data = InvoiceIssued(
        invoice_id="I-1", amount=Money(100_000, "CNY"), due_on=date(2026, 4, 1), order_id="O-1"
    )
    entry = entry_of(recorded(data))
    assert entry.amount == Money(100_000, "CNY")
    assert entry.identifiers == (("invoice_id", "I-1"), ("order_id", "O-1"))
    assert entry.words == (("due_on", date(2026, 4, 1)),)


def test_several_identifiers_of_a_kind_are_each_named() -> None:
    data = PaymentReceived(payment_id="P", amount=Money(5, "CNY"), invoice_ids=("A", "B"))
    assert entry_of(recorded(data)).identifiers == (
        ("payment_id", "P"), ("invoice_id", "A"), ("invoice_id", "B"),
    )  # fmt: skip


def test_people_are_identifiers_and_personal_data_stays_sealed() -> None:
    known = entry_of(recorded(CustomerRegistered(segment="retail", sealed=b"secret")))
    assert known.sealed
    assert known.words == (("segment", "retail"),)
    taken = entry_of(recorded(CaseAssigned(case_id="C", agent="ann", activity="Require upgrade")))
    assert taken.identifiers == (("case_id", "C"), ("agent", "ann"))
    assert taken.words == (("activity", "Require upgrade"),)
    assert taken.family == family_of("complaint.filed") == "complaint"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40, unique=True))
@settings(max_examples=50)
def test_pages_show_every_event_once_newest_first(spots: list[tuple[int, int]]) -> None:
    events = [
        recorded(
            ComplaintFiled(severity="low"),
            n,
            effective_at=START + timedelta(hours=hour),
            source=f"/branches/B-1/{device}",
        )
        for n, (hour, device) in enumerate(spots)
    ]
    shown = []
    before: TimelinePlace | None = None
    while entries := page(events, 7, before):
        assert len(entries) <= 7
        shown.extend(entries)
        before = TimelinePlace.from_token(entries[-1].place.token())
    expected = sorted((event.fact_key for event in events), reverse=True)
    assert [entry.place.fact_key for entry in shown] == expected


def test_a_page_may_be_of_one_kind_only() -> None:
    events = [recorded(ComplaintFiled(severity="low"), 1), recorded(CustomerRegistered(), 2)]
    found = page(events, 10, wanted=lambda event: family_of(event.envelope.type) == "customer")
    assert [entry.type for entry in found] == ["customer.registered"]


@pytest.mark.parametrize("token", ["", "nonsense", "密", "gA", "3q2-7w"])
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(MalformedToken):
        TimelinePlace.from_token(token)


def test_a_token_names_its_place_exactly() -> None:
    place = TimelinePlace(
        datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=UTC), "/branches/B/till", 2, 2**62, "id"
    )
    assert TimelinePlace.from_token(place.token()) == place
    assert place_of(recorded(ComplaintFiled(severity="low"))).effective_at == START
