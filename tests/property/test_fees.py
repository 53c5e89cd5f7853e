"""What holds for fees and interest whatever happens, worked out anew day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from hypothesis import given

from events.calendars import INSTANT
from events.facts import Fact
from events.policy import Reference
from projections.books.ageing import ageing
from projections.facts import Facts
from projections.protocol import Total
from projections.receivables.charged import account_charges
from projections.receivables.reading import ReceivablesAt
from projections.receivables.reports import open_balances
from projections.receivables.rows import AccountRow, ChargeRow, ItemRow, interest_on
from projections.receivables.statement import explain
from tests.support.given import CUSTOMER, RECEIVABLES
from tests.support.plain_interest import plain_interest
from tests.support.streams import fee_references, instants, streams

Stream = Sequence[Fact]


@given(streams(), instants, fee_references())
def test_ageing_sums_to_what_is_outstanding_at_every_date(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """In buckets and under every heading, as the customer's own lines do, on all days to come."""
    for _ in range(3):
        assessment = RECEIVABLES.assess(CUSTOMER, Facts(events), at, reference)
        days = ReceivablesAt(Facts(events), at, reference).days
        end = assessment.next_change_at
        last = at + timedelta(days=200) if end is None else end - INSTANT
        for asked in dict.fromkeys((at, last)):
            _hold_sums(assessment.rows, date.fromordinal(days.today(asked)))
        if end is None:
            return
        at = end


def _hold_sums(rows: object, today: date) -> None:
    assert hasattr(rows, "get")
    accounts = [row for row in rows.get("accounts", ()) if isinstance(row, AccountRow)]
    items = [row for row in rows.get("items", ()) if isinstance(row, ItemRow)]
    charges = [row for row in rows.get("charges", ()) if isinstance(row, ChargeRow)]
    totals: list[Total] = [t for row in (*items, *charges) for t in RECEIVABLES.totals(row)]
    for account in accounts:
        mine = [row for row in items if row.currency == account.currency]
        running = [row for row in charges if row.currency == account.currency]
        found = account_charges(account, mine, running, today)
        assert found.outstanding_minor == sum(row.balance_minor for row in mine) + sum(
            interest_on(row, today).owed_minor for row in running
        )
        aged = ageing(open_balances(totals, account.currency, today), today)
        for heading in ("amount_minor", "fees_minor", "interest_minor"):
            whole = {"amount_minor": "outstanding_minor"}.get(heading, heading)
            assert getattr(aged, whole) == sum(getattr(one, heading) for one in aged.buckets)
        # Company sums are exact and rounded once for each bucket, a customer's lines one by one.
        slack = (len(running) + len(aged.buckets)) / 2
        assert abs(aged.outstanding_minor - found.outstanding_minor) <= slack
        assert abs(aged.interest_minor - found.interest_minor) <= slack
        assert aged.fees_minor == found.fees_minor
        if not running:
            assert aged.outstanding_minor == found.outstanding_minor


@given(streams(), instants, fee_references())
def test_interest_is_what_counting_midnight_by_midnight_gives(
    events: Stream, at: datetime, reference: Reference
) -> None:
    reading = ReceivablesAt(Facts(events), at, reference)
    for item in reading.book.items.values():
        if not item.invoice.sold or item.invoice.cancelled:
            continue
        owed, announced = plain_interest(item, reference, reading.days, at)
        term = reading.interest(item).on(reading.today)
        exact = Fraction(1, 1_000_000 * 1_603_080)
        assert term.owed * exact == owed
        assert term.announced * exact == announced


@given(streams(), instants, fee_references())
def test_charges_are_no_part_of_what_was_invoiced(
    events: Stream, at: datetime, reference: Reference
) -> None:
    statement = explain(CUSTOMER, Facts(events), at, reference)
    for account in statement.accounts:
        rows = [line.row for line in statement.items if line.row.currency == account.currency]
        assert account.outstanding_minor == sum(row.balance_minor for row in rows)
        invoices = [row for row in rows if row.kind == "invoice"]
        assert account.invoiced_minor == sum(row.amount_minor for row in invoices)
        assert account.paid_minor == sum(row.paid_minor for row in invoices)
        assert account.written_off_minor == sum(row.written_off_minor for row in invoices)
