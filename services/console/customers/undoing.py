"""What undoes what somebody has just done with a customer, filled in with what stood before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from events.facts import Fact
from events.money import from_minor
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
    CustomerUnmerged,
)
from events.touchpoints.payment import CreditLimitSet, DisputeSettled, InvoiceDisputed
from services.casework.undoing import UNDONE_BY
from services.console.shared.customer_at import CustomerAt

Given = list[tuple[str, str]]


class Undoing(Struct, frozen=True):
    """The command that undoes another one, and the address of its form."""

    word: str
    address: str


def undoing_of(done: str, found: CustomerAt) -> Undoing | None:
    """Return what undoes a command that was just done; None: nothing does."""
    word = UNDONE_BY.get(done)
    told = _TOLD.get(done)
    if word is None or told is None:
        return None
    latest = sorted(found.facts, key=attrgetter("fact_key"), reverse=True)
    given = told(latest)
    if given is None:
        return None
    home = f"/customers/{quote(found.asked_for, safe='')}"
    return Undoing(word, f"/do{home}/{word}?{urlencode([('back', home), *given])}")


def _limit(latest: list[Fact]) -> Given | None:
    """Fill in the limit that counted in that currency before, if there was one."""
    limits = [one.limit for one in _of(CreditLimitSet, latest)]
    if not limits:
        return None
    before = [one for one in limits[1:] if one.currency == limits[0].currency]
    if not before:
        return [("limit.currency", limits[0].currency)]
    amount = str(from_minor(before[0].minor, before[0].currency))
    return [("limit.amount", amount), ("limit.currency", before[0].currency)]


def _disputed(latest: list[Fact]) -> Given | None:
    return next(([("invoice_id", one.invoice_id)] for one in _of(InvoiceDisputed, latest)), None)


def _settled(latest: list[Fact]) -> Given | None:
    return next(([("invoice_id", one.invoice_id)] for one in _of(DisputeSettled, latest)), None)


def _profile(latest: list[Fact]) -> Given | None:
    """Fill in what the change put something else in the place of; what is personal is typed."""
    changes = [*_of(CustomerProfileChanged, latest)]
    if not changes:
        return None
    earlier = [*changes[1:], *_of(CustomerRegistered, latest)]
    found: Given = []
    for name in ("home_branch", "segment"):
        before = next((value for one in earlier if (value := getattr(one, name))), None)
        if getattr(changes[0], name) and before:
            found.append((name, before))
    return found


def _merged(latest: list[Fact]) -> Given | None:
    return next(([] for _ in _of(CustomerMerged, latest)), None)


def _unmerged(latest: list[Fact]) -> Given | None:
    return next(([("into", one.out_of)] for one in _of(CustomerUnmerged, latest)), None)


_TOLD: Mapping[str, Callable[[list[Fact]], Given | None]] = MappingProxyType(
    {
        "set-credit-limit": _limit,
        "dispute-invoice": _disputed,
        "settle-dispute": _settled,
        "change-profile": _profile,
        "merge": _merged,
        "unmerge": _unmerged,
    }
)
"""By the word of what was done: what its undoing is filled in with, of facts the latest first."""

T = TypeVar("T")


def _of(kind: type[T], latest: list[Fact]) -> Iterator[T]:
    return (fact.data for fact in latest if isinstance(fact.data, kind))
