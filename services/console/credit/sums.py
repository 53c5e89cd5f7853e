"""What the phases of a debt come to, by currency, from sums that the projector keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from projections.books.interest import whole
from projections.receivables.rows import ASKED, OPEN, REFUSED, UNBILLED
from services.console.credit.work import PHASES, Phase, refused_since
from services.console.receivables.interest import running_interest
from services.console.shared.reading import RECEIVABLES, Reader


class PhaseSum(Struct, frozen=True):
    """How much there is in a phase; of what is overdue or not due, running interest included."""

    phase: Phase
    count: int
    amount_minor: int


class CurrencySums(Struct, frozen=True):
    """What all phases come to in a currency; refused is a part of what is before delivery."""

    currency: str
    phases: tuple[PhaseSum, ...]
    refused: int
    refused_minor: int


async def phase_sums(reader: Reader, branches: Sequence[str]) -> tuple[CurrencySums, ...]:
    """Return the sums of each phase at each branch's local today, the company's currency first."""
    counts: Counter[tuple[str, str]] = Counter()
    amounts: Counter[tuple[str, str]] = Counter()
    running: Counter[tuple[str, str]] = Counter()
    followed = (reader.today(None) - refused_since(reader)).days
    for measure in (ASKED, REFUSED, UNBILLED, OPEN):
        for currency, past, count, amount in await _by_day(reader, measure, branches):
            for heading, sign in _headings(measure, past, followed):
                counts[currency, heading] += sign * count
                amounts[currency, heading] += sign * amount
    for one in await running_interest(reader, branches):
        running[one.currency, _due(one.days_past_due)] += one.exact
    for key, exact in running.items():
        amounts[key] += whole(exact)
    company = reader.reference.company
    own = company.currency if company else None
    currencies = {currency for currency, _ in counts}
    return tuple(
        CurrencySums(
            currency,
            tuple(PhaseSum(one, counts[currency, one], amounts[currency, one]) for one in PHASES),
            counts[currency, REFUSED],
            amounts[currency, REFUSED],
        )
        for currency in sorted(currencies, key=lambda code: (code != own, code))
    )


async def _by_day(
    reader: Reader, measure: str, of: Sequence[str]
) -> list[tuple[str, int, int, int]]:
    branches, days, elsewhere = reader.todays()
    if measure == REFUSED:
        branches, days = [], []  # whether a refusal is followed goes by the company's day alone
    version = reader.version_of(RECEIVABLES)
    rows = await reader.ask(
        "receivables/open_by_day", *version, measure, branches, days, elsewhere, list(of) or None
    )
    return [tuple(row.values()) for row in rows]


def _headings(measure: str, past: int, followed: int) -> list[tuple[str, int]]:
    """Return under what a sum is counted, and whether it is added or taken away.

    A refusal is asked for, too, until nobody follows it any more.
    """
    match measure:
        case "asked":
            return [("before", 1)]
        case "refused":
            return [(REFUSED, 1)] if past < followed else [("before", -1)]
        case "unbilled":
            return [("delivered", 1)]
    return [(_due(past), 1)]


def _due(days_past_due: int) -> Phase:
    return "overdue" if days_past_due > 0 else "delivered"
