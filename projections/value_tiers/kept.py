"""The form in which the memo of customer value is kept; never compiled (see books.kept).

Contributions are numbered as they came to count; what they and claims are about is named by the
numbers that the books have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from events.money import Money
from events.touchpoints.order import OrderPlaced
from projections.books.kept import KeptBooks
from projections.keeping import Kept, KeptFact, KeptNumber
from projections.value_tiers.contributions import Component

KeptMove = tuple[
    datetime,
    str | None,
    str | None,
    Literal["first", "earned", "dropped", "policy", "corrected"],
    datetime | None,
]
KeptWarned = tuple[str, datetime, datetime | None, Literal["recovered", "dropped", "policy"] | None]
KeptMicro = tuple[int, KeptNumber, KeptNumber]  # a day, and millionths of a minor unit
KeptSale = tuple[datetime, str, int, bool, bool, bool]


class KeptContribution(Kept):
    """A contribution."""

    component: Component
    currency: str
    amount: int
    source: int | None  # whose event brought it
    event_id: str | None  # None: the source's
    at: datetime | None  # None: the source's
    on: datetime | None  # None: `at`
    subject: str
    until: datetime | None
    ended_by: str | None
    corrected: bool


class KeptHappenings(Kept):
    """All that happened, each kind by itself; `kinds` says which came when."""

    kinds: bytes
    contributions: Sequence[KeptContribution]
    endings: Sequence[tuple[datetime, int]]
    balances: Sequence[tuple[datetime, str, int, int]]
    corrected: Sequence[int]
    currencies: set[str]


class KeptClaim(Kept):
    """What settlements of an invoice, or order, are worth."""

    subject: str | None  # None: the invoice's
    component: Component
    currency: str
    gross: int
    net: int
    cost: int
    total: int
    back: int
    paid: int
    settled: int
    live: tuple[tuple[int, int], ...]  # by key, which contribution


class KeptParts(Kept):
    """How an order's cost is split; sources by number."""

    order_id: str
    data: OrderPlaced | None
    placed_at: datetime | None
    notes: tuple[int, ...]
    split: int
    billed: int
    citing: Sequence[int]
    parts: Sequence[tuple[int, int]]
    paid: int
    kept: Sequence[tuple[int, int]]
    own: Sequence[tuple[int, int]]
    stood_in: Sequence[tuple[int, int]]
    back: int
    claim: KeptClaim | None


class KeptCollected(Kept):
    """The books with what has been collected."""

    books: KeptBooks
    claims: Sequence[tuple[int, KeptClaim]]  # by invoice
    stood: Sequence[tuple[int, int, date]]  # by item
    parts: Sequence[KeptParts]
    cash: Sequence[tuple[int, int | None]]  # by source, which contribution
    cash_notes: Sequence[tuple[int, int]]  # by source
    by: str
    correcting: bool


class KeptSubjects(Kept):
    """What may be sold: of which kind each one is, and its number among those of that kind."""

    kinds: bytes
    numbers: Sequence[int]


class KeptBought(Kept):
    """What was bought."""

    subjects: KeptSubjects
    sales: Sequence[tuple[KeptSale, ...]]  # of each
    instants: dict[str, list[datetime]]
    buying: dict[int, int]
    last_on: int | None
    amounts: dict[str, int]
    months: dict[tuple[str, int], int] | None


class KeptDay(Kept):
    """What is dated with one local day."""

    day: int
    margin: int
    charges: int
    freight: int
    service: int
    items: int


class KeptWindow(Kept):
    """A window as it is kept; its sums are those of the days that did not pass."""

    length: int
    days: Sequence[KeptDay]
    passed: int
    next_at: datetime


class KeptCapital(Kept):
    """The cost of capital as it is kept."""

    term: int
    balance: int
    expired: int
    stale: bool
    costs: Sequence[KeptMicro]
    line: KeptMicro
    known_day: int
    known: KeptMicro
    next_at: datetime
    sound: bool


class KeptProvision(Kept):
    """What is set aside, as it is kept."""

    policy: int  # which of the rules' terms
    open: dict[int, int]
    whole: int
    oldest: int
    stale: bool
    buckets: list[int]
    amount: int
    next_at: datetime
    sound: bool


class KeptMeter(Kept):
    """The figures as they are kept."""

    currency: str
    window: KeptWindow
    capital: KeptCapital | None
    provision: KeptProvision | None
    model: tuple[int, datetime] | None  # its value, and when that may be another


class KeptJudge(Kept):
    """A path through the tiers as it is kept."""

    rank: int | None
    warned_at: datetime | None
    drop_at: datetime | None
    moves: Sequence[KeptMove]
    warnings: Sequence[KeptWarned]
    entered: bool
    now: datetime


class KeptPath(Kept):
    """A path as it is kept."""

    without: datetime
    at: datetime
    ladder: int  # which of the rules'
    meter: KeptMeter
    tiers: KeptJudge
    taken: int


class KeptHistory(Kept):
    """What was shown of a customer, as it is kept."""

    corrections: list[datetime]
    path: KeptPath | None
    marks: Sequence[KeptPath]
    told: int
    before: Sequence[tuple[datetime, tuple[str | None, datetime | None]]]
    found: tuple[tuple[datetime, KeptMove | None], datetime | None] | None


class KeptValue(Kept):
    """A memo of customer value, in which no fact may be yet, and books that nobody summed up."""

    for_all: bool
    happenings: KeptHappenings
    collected: KeptCollected
    counts: dict[str, int]
    sightings: Mapping[str, Sequence[tuple[datetime, Money, str]]]
    segments: list[tuple[datetime, str]]
    first: KeptFact | None
    orders: set[str]
    freight: dict[str, int]
    visits: set[str]
    resold: KeptSubjects  # since they were summed up
    branch_id: str | None
    zone: str | None
    bought: KeptBought | None
    history: KeptHistory | None
