"""An act that is tried: a customer's facts folded once more with the act among them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from events.envelope import BranchId, CustomerId, EventId
from events.facts import Fact
from events.home import Home
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from projections.facts import Facts
from projections.protocol import Projection, Row

Goal = Literal["open_gate", "reach_tier", "keep_tier", "keep_deadline"]
Doing = Literal["pay", "set_limit", "earn", "reply", "fulfil", "resolve"]

NEW: Final = "what-if"
"""The id of a payment or an invoice that is tried."""


class Way(Struct, frozen=True, kw_only=True):
    """An act that would change something, if it is done by an instant.

    `subject` is what is changed: a currency whose gate is shut, a tier, a case, or what is owed on
    one. `names` is what the act is done to: invoices, or an obligation. The amount is the least
    that does it.
    """

    goal: Goal
    subject: str
    doing: Doing
    names: tuple[str, ...] = ()
    department: str | None = None
    amount: Money | None = None
    by: datetime | None = None  # None: as soon as it is done


class TriedEnough(Exception):
    """As many facts were folded as whoever asks would wait for."""


class Trial:
    """A customer's facts, to be folded with an act among them.

    `patience` is how many facts may be folded in all; None: as many as it takes.
    """

    def __init__(
        self,
        customer: CustomerId,
        facts: Sequence[Fact],
        at: datetime,
        reference: Reference,
        patience: int | None = None,
    ) -> None:
        self.customer = customer
        self.facts = [fact for fact in facts if fact.effective_at <= at]
        self.at = at
        self.reference = reference
        home = Home(facts)
        self.zone = home.zone_at(at, reference)
        self.today = at.astimezone(self.zone).date()
        self._patience = patience
        self._branch = BranchId(home.branch_at(at) or "")

    def rows(
        self,
        projection: Projection,
        table: str,
        acts: Sequence[Touchpoint] = (),
        done_at: datetime | None = None,
        at: datetime | None = None,
    ) -> Sequence[Row]:
        """Return a table as of an instant, had acts been done at another. Raises: TriedEnough."""
        if self._patience is not None:
            if self._patience < 0:
                raise TriedEnough
            self._patience -= len(self.facts)
        done = [self._fact(n, data, done_at or self.at) for n, data in enumerate(acts, 1)]
        facts = Facts([*self.facts, *done], projection.handles)
        found = projection.assess(self.customer, facts, at or self.at, self.reference)
        return found.rows.get(table, ())

    def _fact(self, number: int, data: Touchpoint, at: datetime) -> Fact:
        identity = EventId(str(uuid5(NAMESPACE_URL, f"what if {number} {at.isoformat()}")))
        source = "~what-if"  # after all others of its instant
        return Fact(identity, at, self._branch, source, 0, number, data)
