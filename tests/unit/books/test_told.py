"""Every refund, note, displaced payment and recovery is told of, with its events."""

from __future__ import annotations

from datetime import datetime

from events.envelope import PositionVector
from events.touchpoints.payment import DebtWrittenOff
from projections.facts import Facts
from projections.receivables.lines import Statement
from projections.receivables.statement import explain
from services.audit.statement_text import statement_lines
from services.console.customers.account_documents import customer_document
from services.console.shared.customer_at import CustomerAt
from services.people.principal import ANYBODY
from tests.support.given import (
    CUSTOMER,
    SHANGHAI,
    asked,
    credit_note,
    event_id,
    given,
    invoice,
    money,
    order,
    paid,
    refunded,
    reversed_,
    told,
)

STORY = given(
    invoice("A", "1000.00", due="2026-03-01"),
    invoice("B", "500.00", due="2026-01-15", on="2026-01-02"),
    order("O", "80.00", on="2026-02-01 12:00"),
    paid("P", "1000.00", on="2026-02-05", invoices=("A",)),
    paid("T", "80.00", on="2026-02-05 12:00", orders=("O",)),
    credit_note("N", "300.00", on="2026-02-06", invoice="A"),
    credit_note("NO", "20.00", on="2026-02-06 12:00", order="O"),
    told(DebtWrittenOff(invoice_id="B", amount=money("500.00")), "2026-01-31", "W"),
    paid("Q", "100.00", on="2026-04-05", invoices=("B",)),
    paid("Q2", "50.00", on="2026-04-06", invoices=("B",)),
    reversed_("Q2", on="2026-04-07"),
    refunded("R", "900.00", on="2026-04-10")._replace(event="R"),
)
DAY = "2026-04-10"

EXPECTED = {
    ("credit_note", "N", None),
    ("credit_note", "NO", None),
    ("credited_order", "NO", None),
    ("displaced", "P", "N"),
    ("recovery", "Q", "W"),
    ("recovery", "Q2", "W"),
    ("restored", "W", "reversal of Q2"),
    ("refund", "R", None),
    ("refund_covered", "T", "R"),
    ("refund_covered", "P", "R"),
    ("owed_back", "R", None),
}
"""By kind: the event, and the one of the other side."""


def statement() -> Statement:
    return explain(CUSTOMER, Facts(STORY.facts), asked(DAY), STORY.reference)


def as_ids(named: set[tuple[str, str, str | None]]) -> set[tuple[str, str, str | None]]:
    return {(kind, event_id(one), event_id(by) if by else None) for kind, one, by in named}


def test_the_statement_names_the_events_of_both_sides() -> None:
    assert {(m.kind, m.event_id, m.by) for m in statement().movements} == as_ids(EXPECTED)


def test_what_the_lines_say_of_a_refund_adds_up() -> None:
    found = statement()
    [refund] = found.refunds
    assert sum(one.amount_minor for one in refund.covered_by) + refund.uncovered_minor == 90_000
    moved = {m.kind: m.amount_minor for m in found.movements if m.kind == "owed_back"}
    [account] = found.accounts
    assert moved == {"owed_back": account.owed_back_minor}
    assert account.refunded_minor == 90_000


def test_the_text_names_every_one_of_them() -> None:
    def when(instant: datetime) -> str:
        return instant.isoformat()

    lines = list(statement_lines(statement(), when))
    for kind, event, by in EXPECTED:
        words = [line for line in lines if line.endswith(f"event {event_id(event)}")]
        assert any(by is None or f"by event {event_id(by)}" in line for line in words), kind
    assert any("(a recovery)" in line for line in lines)
    assert any(line.startswith("CNY:") and "owed back 520.00 CNY" in line for line in lines)


def test_the_document_names_every_one_of_them() -> None:
    found = CustomerAt(
        principal=ANYBODY,
        asked_for=CUSTOMER,
        customer=CUSTOMER,
        merges=(),
        connected=(CUSTOMER,),
        told_of={CUSTOMER: STORY.facts},
        at=asked(DAY),
        branch_id="B-1",
        zone=SHANGHAI,
        as_of=asked(DAY),
        as_known=None,
        facts=Facts(STORY.facts),
        reference=STORY.reference,
        position=PositionVector(1, (0,)),
    )
    document = customer_document(found, statement())
    assert {(m.kind, m.event, m.by) for m in document.movements} == as_ids(EXPECTED)
    [refund] = document.refunds
    assert (refund.event, refund.item) == (event_id("R"), "refund:R")
    item = next(one for one in document.items if one.item == "refund:R")
    assert (item.kind, item.balance.minor) == ("refund", refund.uncovered.minor)
    recovered = [a for one in document.items for a in one.allocations if a.recovery]
    assert {a.in_place_of for a in recovered} == {event_id("W")}
