"""Interest that runs and is owed, from the terms that the projector keeps; none where none may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from events.touchpoints.policy import FeesPolicy
from projections.protocol import Total
from projections.receivables.reports import exact_interest
from projections.receivables.rows import ACCRUED, ACCRUED_PARTS, RUNNING, ChargeRow, interest_on
from services.console.shared.reading import RECEIVABLES, Reader


class Running(NamedTuple):
    """Interest on what is due on a day, in exact parts, at the branch's local today."""

    branch_id: str
    currency: str
    days_past_due: int
    exact: int


async def running_interest(reader: Reader, of: Sequence[str] = ()) -> list[Running]:
    """Return the interest that is owed and no item, by branch, currency and age."""
    if not charges(reader):
        return []
    branches, days, elsewhere = reader.todays()
    rows = await reader.ask(
        "receivables/running_interest",
        *reader.version_of(RECEIVABLES),
        [ACCRUED, ACCRUED_PARTS],
        RUNNING,
        branches,
        days,
        elsewhere,
        list(of) or None,
    )
    return list(_told(tuple(row.values()) for row in rows))


async def interest_of(
    reader: Reader, items: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], int]:
    """Return the interest that is owed on items, by customer and item; without it none is."""
    if not charges(reader):
        return {}
    customers, names = [customer for customer, _ in items], [item for _, item in items]
    found = {}
    for record in await reader.ask("receivables/charges_of", customers, names):
        row = ChargeRow(**{name: record[name] for name in ChargeRow.__struct_fields__})
        owed = interest_on(row, reader.today(row.branch_id)).owed_minor
        found[record["customer_id"], row.item_id] = owed
    return found


def charges(reader: Reader) -> bool:
    """Return whether fees or interest were ever published."""
    return bool(reader.reference.versions(FeesPolicy))


def _told(rows: Iterator[tuple[str, str, str, int, int, int]]) -> Iterator[Running]:
    for branch, currency, measure, day, today, amount in rows:
        exact = exact_interest(Total(measure, currency, branch, day, 1, amount), today)
        yield Running(branch, currency, today - day, exact)
