"""What would change how a customer stands: single acts, each tried, as a page tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from msgspec import Struct

from events.customers.accounts import SPOKEN_TO
from events.money import Money, from_minor
from services.audit.acts_tried import Trial, TriedEnough, Way
from services.audit.ways import ways_of
from services.console.shared.customer_at import CustomerAt
from services.people.principal import Right

_PATIENCE = 60_000
"""Facts that are folded for one page at most: about a second."""

_LIMIT_SET_BY = frozenset({"credit", "headquarters"})


class Shown(Struct, frozen=True):
    """A way, and the form in which somebody who may do it begins; None: it is not for them."""

    way: Way
    address: str | None


class WaysFound(Struct, frozen=True):
    """The ways there are, the credit gate's first; not `complete`: more were not tried."""

    ways: Sequence[Shown]
    complete: bool


async def ways_found(found: CustomerAt) -> WaysFound:
    """Return what would change how a customer stands at the instant asked about."""
    ways, complete = await asyncio.to_thread(_tried, found)
    now = found.as_of is None
    return WaysFound([Shown(one, _address(found, one) if now else None) for one in ways], complete)


def _tried(found: CustomerAt) -> tuple[list[Way], bool]:
    trial = Trial(found.customer, list(found.facts), found.at, found.reference, _PATIENCE)
    ways: list[Way] = []
    try:
        for way in ways_of(trial):
            ways.append(way)  # noqa: PERF402 - what was found before the end counts
    except TriedEnough:
        return ways, False
    return ways, True


def _address(found: CustomerAt, way: Way) -> str | None:
    """Return where a way is begun by whoever asks, filled in; None: not by them, or not here."""
    if way.goal == "keep_deadline":
        return f"/cases/{quote(way.subject, safe='')}"
    roles = found.principal.roles
    if way.amount is None or not found.principal.may(Right.COMMAND):
        return None
    if way.doing == "set_limit" and roles & _LIMIT_SET_BY:
        return _form(found, "set-credit-limit", "limit", way.amount, ())
    if way.doing == "pay" and roles.intersection(SPOKEN_TO):
        return _form(found, "record-promise", "amount", way.amount, way.names)
    return None


def _form(found: CustomerAt, word: str, field: str, amount: Money, invoices: Sequence[str]) -> str:
    home = f"/customers/{quote(found.customer, safe='')}"
    given = [
        ("back", home),
        (f"{field}.amount", str(from_minor(amount.minor, amount.currency))),
        (f"{field}.currency", amount.currency),
        *(("invoice_ids", one) for one in invoices),
    ]
    return f"/do{home}/{word}?{urlencode(given)}"
