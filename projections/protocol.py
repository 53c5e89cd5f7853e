"""What a projection is: facts in, assessment out.

    remember: Facts.remember(event)            a set insert, order-insensitive
    assess(customer, facts, at, reference)     -> Assessment(rows, alerts, next_change_at)

A projection is a pure function of the facts, the rules and an instant. It may be asked for
any instant, in any order; it never sees what it answered before.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, lt
from typing import ClassVar, NamedTuple, Protocol

from msgspec import Struct, field

from events.envelope import CustomerId, EventId, FactKey
from events.facts import Fact
from events.home import Home
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from events.uses import Use
from projections.keeping import (
    KeptFacts,
    KeptHome,
    digest_of,
    facts_again,
    is_among,
    joined,
    kept_facts,
)

RowKey = tuple[str, ...]

_FACT_KEY = attrgetter("fact_key")
_SHARE = 8  # of those left out, that more are left out with


class FactsLeftOut(Exception):
    """Facts were asked for that are not held any more: they must be read again."""


class Memo:
    """What a projection worked out of the first `walked` facts; each has a kind of its own.

    `stamp` is that of the assessment it made last, `reference` the rules that it belongs to.
    """

    stamp: object
    reference: Reference

    @property
    def walked(self) -> int:
        """Return how many of the facts it has taken in."""
        raise NotImplementedError


class Facts:
    """The touchpoints of one customer that a projection handles, in fact order.

    It is told facts of any kind: of those that are not among `handles` (None: all are) only
    `home` takes note, which knows where the customer is at home.

    Idempotent per event id and indifferent to the order of arrival. Events that arrive in
    fact order, the usual case, are appended; a late one is inserted where it belongs.

    `memo` is what a projection worked out of the facts in order and may go on from instead of
    beginning anew. No answer depends on it: a late fact drops it, and the projection checks
    that it belongs to the same rules and that all it has seen pass had passed by the instant
    asked for. `staged` is what projections of one pass share, if they do.

    Those that a memo walked may be left out: what is asked of them then raises FactsLeftOut.
    """

    __slots__ = (
        "_events", "_handles", "_ids", "_left", "_left_ids", "_left_last", "home", "memo",
        "staged",
    )  # fmt: skip

    def __init__(
        self,
        events: Iterable[Fact] = (),
        handles: frozenset[type[Touchpoint]] | None = None,
    ) -> None:
        self.memo: Memo | None = None
        self.staged: Staged | None = None
        self.home = Home()
        self._handles = handles
        self._ids: dict[EventId, None] = {}  # smaller than a set where there are few
        self._events: list[Fact] = []
        self._left = 0  # how many stand before these, and are not held
        self._left_ids = b""
        self._left_last: FactKey | None = None
        self._take_whole(events if isinstance(events, Sequence) else list(events))

    def remember(self, event: Fact) -> bool:
        """Take in one event; return whether what the facts mean may be other than before.

        One that is known already changes nothing.
        """
        moved = self.home.remember(event)
        events = self._events
        if self._handles is not None and type(event.data) not in self._handles:
            return moved and len(self) > 0
        event_id = event.id
        if event_id in self._ids:
            return False
        if self._left and is_among(digest_of(event_id), self._left_ids):
            return False
        self._ids[event_id] = None
        if _follows(event, events[-1]) if events else self._follows_left(event):
            events.append(event)
        else:
            events.insert(bisect_right(events, event.fact_key, key=_FACT_KEY), event)
            self.memo = None
        return True

    def _take_whole(self, dossier: Sequence[Fact]) -> None:
        """Take in a dossier where nothing is known yet: sort at most once, for all together."""
        self.home.take_whole(dossier)
        handles = self._handles
        mine = [fact for fact in dossier if handles is None or type(fact.data) in handles]
        ids: dict[EventId, None] = {fact.id: None for fact in mine}
        if len(ids) < len(mine):  # of what came again, the first counts
            mine = [*{fact.id: fact for fact in reversed(mine)}.values()]
        instants = [fact.effective_at for fact in mine]
        if not all(map(lt, instants, instants[1:])):
            mine.sort(key=_FACT_KEY)
        self._ids = ids
        self._events = mine

    def after(self, count: int) -> Sequence[Fact]:
        """Return the facts that follow the first `count` of them. Raises: FactsLeftOut."""
        if count < self._left:
            raise FactsLeftOut
        return self._events[count - self._left :]

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.after(0))

    def __len__(self) -> int:
        return self._left + len(self._events)

    @property
    def held(self) -> int:
        """Return how many are not left out."""
        return len(self._events)

    def _follows_left(self, event: Fact) -> bool:
        return self._left_last is None or event.fact_key > self._left_last

    def leave_out(self) -> None:
        """Hold the facts no longer that the memo has taken in: it alone goes on from them.

        Of a long dossier not each one at once: their digests are sorted each time.
        """
        if self.memo is None:
            return
        count = self.memo.walked - self._left
        if count <= 0 or count * _SHARE < self._left:
            return
        walked = self._events[:count]
        self._left_ids = joined(self._left_ids, [fact.id for fact in walked])
        self._left_last = walked[-1].fact_key
        self._left += count
        del self._events[:count]
        self._ids = {fact.id: None for fact in self._events}

    def kept(self) -> KeptFacts:
        """Return them as they are kept with their memo, those that it walked left out."""
        assert self.memo is not None
        walked = self._events[: self.memo.walked - self._left]
        return KeptFacts(
            count=self.memo.walked,
            ids=joined(self._left_ids, [fact.id for fact in walked]),
            last=walked[-1].fact_key if walked else self._left_last,
            home=KeptHome(self.home.first, self.home.named),
            later=kept_facts(self._events[len(walked) :]),
        )

    @classmethod
    def brought_back(
        cls, kept: KeptFacts, handles: frozenset[type[Touchpoint]] | None, memo: Memo
    ) -> Facts:
        """Return facts as they were kept, with the memo that walked those left out."""
        facts = cls(handles=handles)
        facts.home.first, facts.home.named = kept.home.first, kept.home.named
        facts._events = facts_again(kept.later)
        facts._ids = {fact.id: None for fact in facts._events}
        facts._left = kept.count
        facts._left_ids = kept.ids
        facts._left_last = kept.last
        facts.memo = memo
        return facts


Walk = Callable[[Facts, datetime, Reference], object]
"""What walks a customer's facts to an instant, and returns what it came to."""


class Stage(NamedTuple):
    """A walk of the facts that several projections read, so that it is walked once for all."""

    name: str
    walk: Walk | None  # None: another one walks


class Staged:
    """What a stage's walk came to of one customer's facts, of any kind of its projections."""

    __slots__ = ("_at", "_found", "_reference", "_walk")

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._at: datetime | None = None
        self._reference: Reference | None = None
        self._found: object = None

    def walked(self, facts: Facts, at: datetime, reference: Reference) -> object:
        """Return what the walk comes to at an instant, walked when it is first asked for.

        The facts are those that have this stage.
        """
        if self._at != at or self._reference is not reference:
            self._at, self._reference = at, reference
            self._found = None  # and so it is for the others, should the walk raise something
            self._found = self._walk(facts, at, reference)
        return self._found


def _follows(event: Fact, other: Fact) -> bool:
    """Return whether an event comes later in fact order; mostly its instant says so."""
    at, before = event.effective_at, other.effective_at
    return at > before or (at == before and event.fact_key > other.fact_key)


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One row of a projection; its fields are the columns of its table."""


class Table(Struct, frozen=True):
    """A table of rows: its name within the projection and the columns that tell rows apart.

    The customer is part of every key and stands before the columns named here.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]

    def key_of(self, row: Row) -> RowKey:
        """Return what tells this row from the customer's others in the table."""
        return tuple(str(getattr(row, column)) for column in self.key)


class Total(NamedTuple):
    """A row's share in a company-wide sum, kept per measure, currency, branch and day."""

    measure: str
    currency: str
    branch_id: str
    day: int  # proleptic ordinal of the day the sum is kept under
    items: int
    amount_minor: int


ALERT_NAMESPACE = uuid.UUID("6f5d1c5a-3f0e-5d0b-9f3c-6a3f5b8e2d71")


class AlertKey(NamedTuple):
    """What an alert is about; episodes of one key follow each other in time."""

    kind: str  # due_soon, overdue, dunning_due, limit_exceeded, broken_promise, tier_warning
    subject: str  # item, promise, currency or tier
    threshold: int  # days past due, level, or 0


class Alert(Struct, frozen=True, kw_only=True):
    """An alert that stands: one episode, with an identity of its own."""

    kind: str
    subject: str
    threshold: int
    customer_id: CustomerId
    branch_id: str | None
    since: datetime  # the exact instant at which it became true
    currency: str
    amount_minor: int

    @property
    def key(self) -> AlertKey:
        """Return what the alert is about."""
        return AlertKey(self.kind, self.subject, self.threshold)

    @property
    def alert_id(self) -> str:
        """Return the episode's identity: uuid5 over kind, subject, threshold and start."""
        name = "\x1f".join(
            (self.kind, self.customer_id, self.subject, str(self.threshold), self.since.isoformat())
        )
        return str(uuid.uuid5(ALERT_NAMESPACE, name))


class Cause(Struct, frozen=True):
    """Why an alert does not stand: the event that made it untrue, or the passing of time."""

    reason: str  # paid, credited, written_off, cancelled, amended, superseded, sent, time, ...
    event_id: str | None = None


class Episode(Struct, frozen=True):
    """A stretch of time in which an alert stood: [alert.since, until)."""

    alert: Alert
    until: datetime | None  # None: it still stands
    cause: Cause | None


class Differences(Struct, frozen=True, kw_only=True):
    """The rows that are not as in the assessment stamped `since`; None: it is gone.

    By table and key. Rows that are not named are equal; a row named may be equal too.
    """

    since: object
    rows: Mapping[str, Mapping[RowKey, Row | None]]


class Assessment(Struct, frozen=True, kw_only=True):
    """What the facts mean at an instant, constant until `next_change_at`.

    `cleared` says of each alert key that has stood or could stand why it does not now;
    `default_cause` serves keys that are not listed (the item is unknown by now).

    An assessment that went on from a memo may say how its rows differ from those of an
    earlier one of the same facts, told by its `stamp`, so that nobody compares them all.
    `rows` are all of them even so, made when they are looked at: `rows` and `cleared` can be
    asked until the same facts are assessed again.
    """

    rows: Mapping[str, Sequence[Row]]  # by table name
    uses: frozenset[Use]  # a record about none of these would not change anything of it
    alerts: Sequence[Alert] = ()
    cleared: Mapping[AlertKey, Cause] = field(default_factory=dict)
    default_cause: Cause = Cause("corrected")
    next_change_at: datetime | None = None
    stamp: object = None
    differences: Differences | None = None


class Projection(Protocol):
    """A fold from facts to rows, one folder each; a change of meaning is a new version."""

    name: ClassVar[str]
    version: ClassVar[int]
    handles: ClassVar[frozenset[type[Touchpoint]]]
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]]  # no other record ever changes a row
    tables: ClassVar[tuple[Table, ...]]
    stage: ClassVar[Stage | None]  # what it can share with others in a pass; None: nothing

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return what the facts mean at `at` under the rules in force; pure.

        Facts and policies effective after `at` are ignored, but bound `next_change_at`. Whatever
        it asks the reference for is among its `uses`, and of a kind that the projection `reads`.
        """
        ...

    def totals(self, row: Row) -> Sequence[Total]:
        """Return the row's shares in the company-wide sums."""
        ...

    def kept(self, memo: Memo) -> bytes:
        """Return a memo as it is kept, between two assessments; one that this projection made."""
        ...

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return a memo as it was kept, by the same code and under the same rules.

        Raises: msgspec.DecodeError, LookupError, ... for bytes of anything else.
        """
        ...
