"""The customer pyramid, from sums that the projector keeps: no customer is read."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from events.touchpoints.policy import TierPolicy
from projections.protocol import Total
from projections.value_tiers import reports
from projections.value_tiers.rows import TIER
from services.console.shared.reading import VALUE, Reader


class Level(Struct, frozen=True):
    """A tier: whom it holds, and what they are worth together.

    Values that drift from day to day are those of the day from which they drift.
    """

    tier: str
    line_minor: int | None  # the least score that earns it; None: the lowest, or no tier any more
    customers: int
    contemporary_minor: int


class Pyramid(Struct, frozen=True):
    """The levels of the pyramid, the highest first; none before tiers are published."""

    currency: str
    levels: tuple[Level, ...]

    @property
    def customers(self) -> int:
        """Return how many customers are in a tier."""
        return sum(level.customers for level in self.levels)

    def share(self, level: Level) -> Decimal:
        """Return a level's share of the customers."""
        return Decimal(level.customers) / (self.customers or 1)


async def pyramid(reader: Reader, branch_id: str | None = None) -> Pyramid:
    """Return the pyramid under the policy in force, of the company or of one branch.

    A tier that the policy does not name any more stands below the others until the customers
    in it are assessed again.
    """
    policy = reader.reference.in_force(TierPolicy, reader.at)
    rows = await reader.ask(
        "value/tiers", *reader.version_of(VALUE), TIER, policy.currency, branch_id
    )
    totals = [Total(row["measure"], policy.currency, "", 0, *row[1:]) for row in rows]
    lines: dict[str, int | None] = {}
    if policy.tiers:
        lines = {line.name: line.line_minor for line in policy.tiers}
        lines[policy.lowest] = None
    for total in totals:
        if total.items:
            lines.setdefault(total.measure.removeprefix(TIER), None)
    levels = reports.pyramid(totals, policy.currency, list(lines))
    return Pyramid(
        policy.currency,
        tuple(
            Level(one.tier, lines[one.tier], one.customers, one.contemporary_minor)
            for one in levels
        ),
    )
