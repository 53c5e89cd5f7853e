"""What somebody at a telephone is shown of a call: who it is, and what to speak of first."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from services.connectors.calls.pops import Pop
from services.console.shared.reading import Reader
from services.console.shared.visit import Visit

_SHOWN = 4
"""Lines of each kind: the page has them all."""

MOST_CUSTOMERS = 8
"""Of a number that is so many customers', those shown to choose from."""


class Owed(Struct, frozen=True):
    """What is owed in one currency."""

    currency: str
    outstanding_minor: int
    overdue_minor: int


class Promise(Struct, frozen=True):
    """An item that the customer promised to pay."""

    item_id: str
    promised_on: date
    currency: str
    balance_minor: int


class OpenCase(Struct, frozen=True):
    """A case that is not over."""

    case_id: str
    kind: str
    priority: str
    solution_due_at: datetime | None
    is_late: bool
    branch_id: str


class Caller(Struct, frozen=True):
    """A customer whose number it is, as far as whoever is called may see."""

    customer_id: str
    tier: str | None
    owed: tuple[Owed, ...]
    promises: tuple[Promise, ...]
    cases: tuple[OpenCase, ...]


class Card(Struct, frozen=True):
    """A call, and whom it may be; `hidden`: others of this number are of other branches."""

    pop: Pop
    callers: tuple[Caller, ...]
    hidden: int

    @property
    def only(self) -> Caller | None:
        """Return the customer, where it can be nobody else."""
        return self.callers[0] if len(self.callers) == 1 and not self.hidden else None


async def cards_of(visit: Visit, reader: Reader, pops: tuple[Pop, ...]) -> tuple[Card, ...]:
    """Return the calls at somebody's telephone with what he or she may see of the callers."""
    wanted = sorted({one for pop in pops for one in pop.customers[:MOST_CUSTOMERS]})
    callers = await _callers(reader, wanted) if wanted else {}
    return tuple(
        Card(
            pop,
            tuple(callers[one] for one in pop.customers[:MOST_CUSTOMERS] if one in callers),
            sum(one not in callers for one in pop.customers),
        )
        for pop in pops
    )


async def _callers(reader: Reader, customers: list[str]) -> dict[str, Caller]:
    tiers = {
        row["customer_id"]: row["tier"] for row in await reader.ask("calls/tiers_of", customers)
    }
    most = _SHOWN * len(customers)
    owed = await reader.ask("calls/owed_by", customers)
    promises = await reader.ask("calls/promises_of", customers, most)
    cases = await reader.ask("calls/cases_of", customers, most)
    return {
        one: Caller(
            customer_id=one,
            tier=tier,
            owed=tuple(
                Owed(row["currency"], row["outstanding_minor"], row["overdue_minor"])
                for row in owed
                if row["customer_id"] == one
            ),
            promises=tuple(
                Promise(row["item_id"], row["promised_on"], row["currency"], row["balance_minor"])
                for row in promises
                if row["customer_id"] == one
            )[:_SHOWN],
            cases=tuple(
                OpenCase(
                    row["case_id"],
                    row["kind"],
                    row["priority"],
                    row["solution_due_at"],
                    row["is_late"],
                    row["branch_id"],
                )
                for row in cases
                if row["customer_id"] == one
            )[:_SHOWN],
        )
        for one, tier in tiers.items()
    }
