"""What a projection is: facts in, assessment out.

    remember: Facts.remember(event)            a set insert, order-insensitive
    assess(customer, facts, at, reference)     -> Assessment(rows, alerts, next_change_at)

A projection is a pure function of the facts, the rules and an instant. It may be asked for
any instant, in any order; it never sees what it answered before.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol

from msgspec import Struct, field

from events.alert_care import CareState
from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from events.uses import Use
from projections.facts import Facts, Memo, Stage

RowKey = tuple[str, ...]


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One row of a projection; its fields are the columns of its table."""


class Table(Struct, frozen=True):
    """A table of rows: its name within the projection and the columns that tell rows apart.

    The customer is part of every key and stands before the columns named here.
    """

    name: str
    row: type[Row]
    key: tuple[str, ...]
    at_home: bool = False  # whether a row's branch is where the customer is at home

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


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert that stands: one episode, with an identity of its own.

    Where somebody did something about it: who and when, until when it was put off, and whom it
    was passed on to.
    """

    kind: str
    subject: str
    threshold: int
    customer_id: CustomerId
    branch_id: str | None
    since: datetime  # the exact instant at which it became true
    currency: str
    amount_minor: int
    state: CareState = "open"
    state_by: str | None = None
    state_at: datetime | None = None
    until: datetime | None = None
    delegate: str | None = None

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

    @property
    def episode_id(self) -> str:
        """Return an id of the episode that does not name the customer: a merge changes that."""
        name = "\x1f".join((self.kind, self.subject, str(self.threshold), self.since.isoformat()))
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
