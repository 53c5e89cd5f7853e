"""Headquarters' words: what may be answered in a branch while nobody can be asked.

They are signed, and as old as they are: whoever answers by them says so, and does not answer by
what is older than the branch's settings allow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from touchstone_branch.errors import ReceiptUnsound
from touchstone_branch.notes import Verifier

_KIND = "touchstone words v1"
_PPM = 1_000_000
_YEAR = 365


class Verdict(Enum):
    """What a branch may do by headquarters' words."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """An answer: why, by words of which age, and what they say of the customer."""

    verdict: Verdict
    reason: str
    age: timedelta | None = None  # of what is known; None: nothing is
    tier: str | None = None
    exposure_minor: int | None = None  # with what was ordered here since
    limit_minor: int | None = None

    def __bool__(self) -> bool:
        """Tell whether the answer is yes: unknown is no."""
        return self.verdict is Verdict.YES


@dataclass(frozen=True, slots=True)
class _Account:
    exposure: int
    limit: int | None
    gate: str | None
    oldest_due: date | None


@dataclass(frozen=True, slots=True)
class _Customer:
    tier: str | None
    accounts: dict[str, _Account]


@dataclass(frozen=True, slots=True)
class Words:
    """What headquarters said, when, and up to when it knew everything."""

    through: datetime
    issued: datetime
    zone: ZoneInfo
    max_days_overdue: int
    default_limit: tuple[int, str] | None
    capital_per_day: int  # parts per million
    interest_per_year: int  # parts per million
    interest_free_days: int
    customers: dict[str, _Customer]

    def may_deliver(
        self, customer: str, amount_minor: int, currency: str, ordered_minor: int, now: datetime
    ) -> Word:
        """Answer by the rule of the credit gate, which refuses a limit that would be exceeded and
        whoever owes for too long; `ordered_minor` was ordered here and is not counted there yet.
        """
        age = now - self.through
        known = self.customers.get(customer)
        if known is None:
            return Word(Verdict.UNKNOWN, "the customer is not at home in this branch", age)
        account = known.accounts.get(currency)
        limit = account.limit if account is not None else self._default_limit(currency)
        exposure = (account.exposure if account is not None else 0) + ordered_minor
        today = now.astimezone(self.zone).date()
        due = [one.oldest_due for one in known.accounts.values() if one.oldest_due is not None]
        overdue = max(((today - day).days for day in due), default=0)
        verdict, reason = Verdict.YES, "within the limit, and nothing is overdue for too long"
        if overdue > self.max_days_overdue:
            verdict = Verdict.NO
            reason = f"overdue for {overdue} days, and {self.max_days_overdue} are the most"
        elif limit is not None and exposure + amount_minor > limit:
            verdict = Verdict.NO
            reason = f"the limit would be exceeded by {exposure + amount_minor - limit}"
        elif account is not None and account.gate is not None:
            verdict, reason = Verdict.NO, f"the credit gate is shut: {account.gate}"
        return Word(verdict, reason, age, known.tier, exposure, limit)

    def price_of_promise(self, amount_minor: int, days: int) -> tuple[int, int]:
        """Return what waiting so many days for an amount costs the company, and what interest the
        customer then owes by the rules of fees (actual/365), in minor units, half-even.
        """
        cost = _rounded(amount_minor * self.capital_per_day * days, _PPM)
        charged = max(0, days - self.interest_free_days)
        return cost, _rounded(amount_minor * self.interest_per_year * charged, _PPM * _YEAR)

    def _default_limit(self, currency: str) -> int | None:
        if self.default_limit is None or self.default_limit[1] != currency:
            return None
        return self.default_limit[0]


def read_words(note: str, verifier: Verifier, branch: str) -> Words:
    """Return the words that a note says, if headquarters signed them for this branch.

    Lines that are not known are passed over. Raises: ReceiptUnsound.
    """
    lines = verifier.opened(note).split("\n")
    if lines[:2] != [verifier.name, _KIND]:
        raise ReceiptUnsound("what was signed are no words of headquarters")
    said: dict[str, list[str]] = {}
    for line in lines[2:]:
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
    try:
        if said["branch"] != [branch]:
            raise ReceiptUnsound(f"these words are for {said['branch']}, and not for {branch}")
        rules = json.loads(said["rules"][0])
        limit = rules["default_limit"]
        return Words(
            through=datetime.fromisoformat(said["through"][0]),
            issued=datetime.fromisoformat(said["issued"][0]),
            zone=ZoneInfo(rules["zone"]),
            max_days_overdue=rules["max_days_overdue"],
            default_limit=None if limit is None else (limit["minor"], limit["currency"]),
            capital_per_day=rules["capital_per_day"],
            interest_per_year=rules["interest_per_year"],
            interest_free_days=rules["interest_free_days"],
            customers=dict(_customer(json.loads(one)) for one in said.get("customer", [])),
        )
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ReceiptUnsound(f"headquarters' words cannot be read: {error}") from error


def _customer(said: dict[str, object]) -> tuple[str, _Customer]:
    accounts = said["accounts"]
    assert isinstance(accounts, list), "headquarters writes a list"
    tier = said["tier"]
    return str(said["id"]), _Customer(
        None if tier is None else str(tier),
        {
            one["currency"]: _Account(
                one["exposure"],
                one["limit"],
                one["gate"],
                date.fromisoformat(one["oldest_due"]) if one["oldest_due"] else None,
            )
            for one in accounts
        },
    )


def _rounded(over: int, under: int) -> int:
    """Return a quotient of whole numbers, rounded half-even."""
    whole, rest = divmod(over, under)
    return whole + (2 * rest > under or (2 * rest == under and whole % 2 == 1))
