"""What a customer comes to by some facts, figure by figure: to compare two states of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.facts import Facts
from projections.receivables.statement import explain
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import explain_value

Unit = Literal["money", "count", "tier"]


class Figure(Struct, frozen=True):
    """A figure of a customer: which, in which currency if in any, and what it comes to."""

    name: str
    unit: Unit
    value: int | str | None
    currency: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what two states of the same figure share."""
        return (self.name, self.currency)


class Change(Struct, frozen=True):
    """A figure before and after."""

    name: str
    unit: Unit
    currency: str
    before: int | str | None
    after: int | str | None

    @property
    def is_one(self) -> bool:
        """Return whether the figure differs."""
        return self.before != self.after


def figures(
    customer: CustomerId, facts: Iterable[Fact], at: datetime, reference: Reference
) -> dict[tuple[str, str], Figure]:
    """Return what a customer comes to by facts at an instant, by name and currency."""
    known = list(facts)
    statement = explain(customer, Facts(known, RECEIVABLES_EVENTS), at, reference)
    found: list[Figure] = []
    for account, charges in zip(statement.accounts, statement.charges, strict=True):
        money: Mapping[str, int | None] = {
            "outstanding": charges.outstanding_minor,
            "overdue": charges.overdue_minor,
            "disputed": account.disputed_minor,
            "credit": account.credit_minor,
            "unbilled": account.unbilled_minor,
            "exposure": charges.exposure_minor,
        }
        found += [Figure(name, "money", n, account.currency) for name, n in money.items()]
        counts = {
            "open_items": account.open_items,
            "promises_live": account.promises_live,
            "promises_kept": account.promises_kept,
            "promises_broken": account.promises_broken,
        }
        found += [Figure(name, "count", n, account.currency) for name, n in counts.items()]
    value = explain_value(customer, Facts(known, VALUE_EVENTS), at, reference)
    if value is not None:
        currency = value.row.currency
        minor = value.figures.contemporary_minor
        found.append(Figure("tier", "tier", value.row.tier))
        found.append(Figure("contemporary_value", "money", minor, currency))
    cases = explain_cases(customer, Facts(known, CASE_EVENTS), at, reference)
    under_way = sum(one.case.status in ("open", "waiting") for one in cases)
    alerts = len(statement.alerts) + sum(len(one.alerts) for one in cases)
    found += [
        Figure("cases", "count", len(cases)),
        Figure("cases_under_way", "count", under_way),
        Figure("alerts", "count", alerts),
    ]
    return {one.key: one for one in found}


def compared(
    before: Mapping[tuple[str, str], Figure], after: Mapping[tuple[str, str], Figure]
) -> list[Change]:
    """Return every figure of two states; what one of them lacks is nothing there."""
    found = []
    for key in dict.fromkeys((*after, *before)):
        one, other = before.get(key), after.get(key)
        shown = other or one
        assert shown is not None
        found.append(
            Change(
                shown.name,
                shown.unit,
                shown.currency,
                None if one is None else one.value,
                None if other is None else other.value,
            )
        )
    return found
