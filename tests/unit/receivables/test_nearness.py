"""What comes by the mere passing of days: told beforehand, it stands on its day and not before."""

from datetime import date, timedelta

import pytest

from events.calendars import day_end
from events.facts import fact_of
from events.policy import Reference
from projections.facts import Facts
from projections.receivables.lines import Statement
from projections.receivables.nearness import near_items
from projections.receivables.statement import explain
from tests.support.given import (
    CUSTOMER,
    SHANGHAI,
    Told,
    disputed,
    dunned,
    invoice,
    paid,
    promised,
    recorded_events,
)

RULES = Reference()
"""The defaults: levels 10 and 30 days past due and 10 after that; the gate shuts after 30."""

A = invoice("A", "100.00", due="2026-03-01")


def stands(*facts: Told, at: str) -> Statement:
    known = Facts(map(fact_of, recorded_events(facts)))
    return explain(CUSTOMER, known, day_end(date.fromisoformat(at), SHANGHAI), RULES)


def near(*facts: Told, at: str, days: int = 7) -> list[tuple[str, str, str, int | None]]:
    found = near_items(stands(*facts, at=at), RULES, days)
    return [(one.what, one.on.isoformat(), one.item_id, one.level) for one in found]


@pytest.mark.parametrize(
    ("facts", "at", "on", "level"),
    [
        ((A,), "2026-03-05", "2026-03-11", 1),
        ((A, dunned("A", 1, on="2026-03-12")), "2026-03-25", "2026-03-31", 2),
        (
            (A, dunned("A", 1, on="2026-03-12"), dunned("A", 2, on="2026-04-02T09:00")),
            "2026-04-08",
            "2026-04-12",
            3,
        ),
    ],
)
def test_a_level_falls_due_on_the_day_that_was_told(
    facts: tuple[Told, ...], at: str, on: str, level: int
) -> None:
    assert ("dunning", on, "A", level) in near(*facts, at=at)
    eve = (date.fromisoformat(on) - timedelta(days=1)).isoformat()
    [before], [then] = (stands(*facts, at=day).items for day in (eve, on))
    assert (before.row.dunning_due, then.row.dunning_due) == (None, level)


def test_the_gate_shuts_on_the_day_that_was_told() -> None:
    assert ("gate", "2026-04-01", "A", None) in near(A, at="2026-03-28")
    [before] = stands(A, at="2026-03-31").accounts
    [then] = stands(A, at="2026-04-01").accounts
    assert (before.gate_refusal, then.gate_refusal) == (None, "overdue_too_long")
    assert [one for one in near(A, at="2026-04-01") if one[0] == "gate"] == []


@pytest.mark.parametrize(
    "more",
    [
        disputed("A", on="2026-03-04"),
        promised("P-1", "100.00", by="2026-03-20", on="2026-03-04", invoices=("A",)),
        paid("Z-1", "100.00", on="2026-03-04", invoices=("A",)),
    ],
)
def test_what_holds_dunning_keeps_it_from_coming_near(more: Told) -> None:
    assert [one for one in near(A, more, at="2026-03-05") if one[0] == "dunning"] == []


def test_what_is_far_and_what_is_there_are_not_near() -> None:
    assert near(A, at="2026-03-03") == []
    assert near(A, at="2026-03-11") == []
    assert near(A, at="2026-03-10")[0][1] == "2026-03-11"
