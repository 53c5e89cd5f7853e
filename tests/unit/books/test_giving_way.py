"""Credit notes, write-offs, recoveries and refunds, in every order, against plain books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import NamedTuple

import pytest

from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.order import GoodsReturned
from events.touchpoints.payment import DebtWrittenOff
from projections.facts import Facts
from projections.receivables.rows import AccountRow, ItemRow
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Told,
    credit_note,
    instant,
    invoice,
    money,
    paid,
    recorded_events,
    refunded,
    told,
)
from tests.support.plain_books import Debt
from tests.support.value import ordered

START = instant("2026-02-02 09:00")
WHOLE = 1_000_00
COST = 600_00


class Shown(NamedTuple):
    """What the product says at the end of a story."""

    outstanding: int
    credit: int
    owed_back: int
    written_off: int
    value: int
    net: int


def shown(facts: list[Told]) -> Shown:
    events = [fact_of(event) for event in recorded_events(facts)]
    at = max(fact.on for fact in facts) + timedelta(days=5)  # reservations are over
    reference = Reference(())
    assessed = RECEIVABLES.assess(CUSTOMER, Facts(events), at, reference)
    accounts = [row for row in assessed.rows["accounts"] if isinstance(row, AccountRow)]
    [standing] = ValueTiers().assess(CUSTOMER, Facts(events), at, reference).rows["standings"]
    assert isinstance(standing, StandingRow)
    items = [row for row in assessed.rows["items"] if isinstance(row, ItemRow)]
    for row in items:
        settled = row.paid_minor + row.credited_minor + row.written_off_minor
        assert row.amount_minor == settled + row.balance_minor
    [account] = accounts
    assert account.invoiced_minor == (
        account.paid_minor
        + account.credited_minor
        + account.written_off_minor
        + account.outstanding_minor
        - account.owed_back_minor
    )
    return Shown(
        account.outstanding_minor,
        account.credit_minor,
        account.owed_back_minor,
        account.written_off_minor,
        standing.contemporary_minor,
        standing.net_amount_minor,
    )


def at_hour(hour: int, fact: Told) -> Told:
    return fact._replace(on=START + timedelta(hours=hour))


def amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def orders_of(later: list[Told]) -> Iterator[list[Told]]:
    """Every order in which things may happen once the debt is there."""
    for some in permutations(later):
        yield [at_hour(hour + 1, fact) for hour, fact in enumerate(some)]


INVOICE = [
    ordered("O", amount(WHOLE), on="2026-02-01", cost=amount(COST)),
    invoice("I", amount(WHOLE), due="2026-03-01", on="2026-02-01 12:00", order="O"),
]
WITHOUT_ORDER = [invoice("I", amount(WHOLE), due="2026-03-01", on="2026-02-01 12:00")]
TILL = [ordered("O", amount(WHOLE), on="2026-02-01", cost=amount(COST))]


def payment(minor: int) -> Told:
    return paid("P", amount(minor), on="2026-02-02", invoices=("I",), orders=("O",))


def note(minor: int, **names: str) -> Told:
    return credit_note("N", amount(minor), on="2026-02-02", **(names or {"order": "O"}))


def returned(minor: int) -> Told:
    data = GoodsReturned(return_id="R", order_id="O", amount=money(amount(minor)))
    return told(data, "2026-02-02")


def written_off(minor: int) -> Told:
    return told(DebtWrittenOff(invoice_id="I", amount=money(amount(minor))), "2026-02-02", "W")


@pytest.mark.parametrize("paid_minor", [0, 300_00, 800_00, 1_000_00, 1_200_00])
@pytest.mark.parametrize("noted", [200_00, 500_00, 1_000_00, 1_100_00])
@pytest.mark.parametrize("back", [0, 200_00, 1_000_00])
@pytest.mark.parametrize("kind", ["invoice", "till"])
def test_value_and_balances_are_the_same_whichever_came_first(
    paid_minor: int, noted: int, back: int, kind: str
) -> None:
    base = INVOICE if kind == "invoice" else TILL
    debt = Debt(WHOLE, COST, paid=paid_minor, noted=noted, returned=back)
    later = [note(noted)]
    later += [payment(paid_minor)] if paid_minor else []
    later += [returned(back)] if back else []
    for facts in orders_of(later):
        found = shown([*base, *facts])
        assert found.value == debt.value
        if kind == "invoice":
            assert (found.outstanding, found.credit) == (debt.outstanding, debt.credit)
        assert found.net == WHOLE - noted


@pytest.mark.parametrize("noted", [200_00, 1_000_00])
@pytest.mark.parametrize("names", [{"invoice": "I"}, {"customer": "alone"}])
def test_an_invoice_without_an_order_and_a_note_that_names_only_the_customer(
    noted: int, names: dict[str, str]
) -> None:
    named = {"invoice": "I"} if "invoice" in names else {}
    one = credit_note("N", amount(noted), on="2026-02-02", **named)
    debt = Debt(WHOLE, 0, paid=WHOLE, noted=noted)
    for facts in orders_of([one, payment(WHOLE)]):
        found = shown([*WITHOUT_ORDER, *facts])
        assert (found.value, found.outstanding, found.credit) == (
            debt.value,
            0,
            debt.credit,
        )


def test_a_note_for_the_customer_takes_back_a_sale_at_the_till_in_either_order() -> None:
    one = credit_note("N", "300.00", on="2026-02-02")
    debt = Debt(WHOLE, COST, paid=WHOLE, noted=300_00)
    for facts in orders_of([one, payment(WHOLE)]):
        found = shown([*TILL, *facts])
        assert (found.value, found.net) == (debt.value, 700_00)


def test_a_note_takes_back_a_sale_that_nobody_described_in_either_order() -> None:
    one = credit_note("N", "300.00", on="2026-02-02")
    back = refunded("F", "300.00", on="2026-02-02")
    money_in = paid("P", "1000.00", on="2026-02-02")
    for facts in orders_of([one, money_in]):
        found = shown(facts)
        assert (found.value, found.net) == (700_00, 700_00)
    for facts in orders_of([one, money_in, back]):
        found = shown(facts)
        assert (found.value, found.net) == (700_00, 700_00)


@pytest.mark.parametrize("paid_minor", [0, 400_00, 1_000_00])
@pytest.mark.parametrize("noted", [100_00, 1_000_00])
def test_a_write_off_gives_way_to_a_credit_note_and_to_payments_that_cite_it(
    paid_minor: int, noted: int
) -> None:
    debt = Debt(WHOLE, COST, paid=paid_minor, noted=noted, written_off=WHOLE)
    later = [note(noted, invoice="I")]
    later += [payment(paid_minor)] if paid_minor else []
    for facts in orders_of(later):
        found = shown([*INVOICE, at_hour(0, written_off(WHOLE)), *facts])
        assert (found.outstanding, found.credit) == (0, debt.credit)
        assert found.written_off == debt.given_up
        assert found.value == debt.value


@pytest.mark.parametrize("refund", [100_00, 300_00, 900_00])
@pytest.mark.parametrize("noted", [0, 300_00])
@pytest.mark.parametrize("paid_minor", [1_000_00, 1_200_00])
def test_a_refund_is_covered_or_owed_back_in_every_order(
    refund: int, noted: int, paid_minor: int
) -> None:
    debt = Debt(WHOLE, COST, paid=paid_minor, noted=noted, refunded=refund)
    later = [payment(paid_minor), refunded("F", amount(refund), on="2026-02-02")]
    later += [note(noted, invoice="I")] if noted else []
    for facts in orders_of(later):
        found = shown([*INVOICE, *facts])
        assert (found.outstanding, found.credit, found.owed_back) == (
            debt.outstanding,
            debt.credit,
            debt.owed_back,
        )
        assert found.value == debt.value
