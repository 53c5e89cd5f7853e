"""One customer replayed from its events: the rows of every projection, as of and as known.

What a projection says, and nothing about why: this is what `verify` compares with the live
rows. `touchstone explain` gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.customers.identity import Edge
from events.envelope import CustomerId
from events.home import Asked
from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.facts import Facts
from projections.protocol import Alert, Row
from services.audit.known import known_dossier
from services.audit.texts import merge_lines
from services.platform import Platform
from services.walk.by_customer import picture
from services.wording import counted


class Replayed(Struct, frozen=True, kw_only=True):
    """What one projection says of the customer, until `next_change_at` at the earliest."""

    projection: str
    version: int
    facts: int
    tables: Mapping[str, Sequence[Row]]
    alerts: Sequence[Alert]
    next_change_at: datetime | None


class Replay(Struct, frozen=True, kw_only=True):
    """A customer at an instant, and which events that was made of.

    Of one who was merged into another by then, it is that one.
    """

    customer_id: CustomerId
    merges: Sequence[Edge] = ()  # in force, of all who belong to the customer
    at: datetime
    known_at: datetime | None
    position: str
    events: int  # of all kinds in the dossier
    digest: str  # over all rows and alerts below, as for the whole company
    projections: list[Replayed]


async def replay(
    platform: Platform, customer: CustomerId, at: Asked, known_at: Asked | None
) -> Replay:
    """Return every projection's rows as of `at`, of what was recorded by `known_at`.

    Raises: UsageError, for a customer without events; Unavailable.
    """
    async with picture(platform) as seen:
        together = await known_dossier(seen, customer, at, known_at)
        customer, told = together.root, together.known
        dossier = told.facts
        found: list[Replayed] = []
        lines: list[bytes] = []
        for projection in PROJECTIONS:
            facts = Facts(dossier, projection.handles)
            assessment = projection.assess(customer, facts, told.at, told.reference)
            lines += customer_lines(projection, customer, assessment)
            found.append(
                Replayed(
                    projection=projection.name,
                    version=projection.version,
                    facts=len(facts),
                    tables={name: list(rows) for name, rows in assessment.rows.items()},
                    alerts=assessment.alerts,
                    next_change_at=assessment.next_change_at,
                )
            )
        return Replay(
            customer_id=customer,
            merges=together.merges,
            at=told.at,
            known_at=told.known_at,
            position=seen.heads.token(),
            events=len(dossier),
            digest=combine({customer: lines}),
            projections=found,
        )


def replay_lines(found: Replay) -> Iterator[str]:
    """Yield the lines of a replay: every row with the columns that say something."""
    known = f", as known {found.known_at.isoformat()}" if found.known_at else ""
    yield (
        f"{found.customer_id} as of {found.at.isoformat()}{known}: "
        f"{counted(found.events, 'event')}, digest {found.digest}"
    )
    yield from merge_lines(found.merges, datetime.isoformat)
    for one in found.projections:
        changes = one.next_change_at
        until = f", until {changes.isoformat()}" if changes else ""
        yield f"{one.projection} v{one.version}, of {counted(one.facts, 'fact')}{until}"
        for name, rows in one.tables.items():
            for row in rows:
                yield f"    {name}: {_columns(row)}"
        for alert in one.alerts:
            yield (
                f"    alert: {alert.kind} {alert.threshold} {alert.subject} since "
                f"{alert.since.isoformat()}"
            )


def _columns(row: Row) -> str:
    values = msgspec.to_builtins(row)
    return " ".join(f"{name}={value}" for name, value in values.items() if value is not None)
