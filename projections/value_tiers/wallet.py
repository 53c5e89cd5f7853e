"""What the customer buys from us and elsewhere: share of wallet, model value.

**Share of wallet** (decision 28) compares a month here with a month elsewhere: ours is what
was invoiced, or paid without an invoice, from the month of the first purchase in the window
through the month of the visit, divided by those months. The latest visit in the window that
saw a spend counts; where none did, nothing is known to be bought elsewhere, and a customer
who bought in the window is wholly ours.

**Model value** is what the customer is seen to buy elsewhere, a year, times the margin rate
times the win rate of its segment (both policy); none where nothing was seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from projections.books.days import Days
from projections.value_tiers.books import Sighting, ValueBooks
from projections.value_tiers.sales import MONTHS_OF_YEAR, Bought, month
from projections.value_tiers.shares import BASIS, divided


class Wallet(NamedTuple):
    """What share of the customer's spending is ours, and until when that is so."""

    share_bp: int | None
    until_day: int | None  # the first day on which it may be another, if nothing happens


def latest_sighting(
    books: ValueBooks, days: Days, at: datetime, window: int, currency: str
) -> Sighting | None:
    """Return the latest visit in the window that saw what the customer buys elsewhere."""
    seen = books.sighting_at(at, currency)
    if seen is None or days.of(seen.at) < days.today(at) - window + 1:
        return None
    return seen


def wallet(
    bought: Bought, days: Days, today: int, window: int, currency: str, seen: Sighting | None
) -> Wallet:
    """Return the share of wallet on a day, in basis points; None: nothing is known.

    `seen` is the latest sighting in the window.
    """
    begins = days.start(today - window + 1)
    first = bought.first_purchase(begins, currency)
    ends = [days.of(first) + window] if first is not None else []
    if seen is not None:
        ends.append(days.of(seen.at) + window)
    until = min(ends, default=None)
    if seen is None:
        return Wallet(BASIS if first is not None else None, until)
    last = month(days.of(seen.at))
    begin = month(days.of(first)) if first is not None else last + 1
    months = max(1, last - begin + 1)
    ours = max(0, bought.sold(range(begin, last + 1), currency))
    whole = ours + seen.spend.minor * months
    return Wallet(divided(BASIS * ours, whole) if whole else None, until)


def model_value(books: ValueBooks, at: datetime, seen: Sighting | None) -> int | None:
    """Return what could be won over in a year, in minor units; None: nothing was seen.

    `seen` is the latest sighting in the window at that instant.
    """
    if seen is None:
        return None
    policy = books.rules.cost_policy(at)
    segment = books.segment_at(at)
    win_rate = next((r.win_rate for r in policy.win_rates if r.segment == segment), 0)
    yearly = seen.spend.minor * MONTHS_OF_YEAR
    return divided(yearly * policy.margin_rate * win_rate, BASIS * BASIS)
