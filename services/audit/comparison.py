"""What a verification finds: the live rows of customers against what their events say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec import Struct

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections.facts import Facts
from projections.merged import Merged
from projections.protocol import Alert, Assessment, Projection, Row
from projections.together import Together
from services.audit.live_rows import Live, LiveTable
from services.audit.sums import Sums
from services.log.readable import cannot_be_read
from services.ports import Unreadable

_NAMED = 200
"""Differences named in a report; beyond that they are only counted."""


class Taken(NamedTuple):
    """What was taken in of a customer's events."""

    customer: CustomerId
    facts: Sequence[Fact]
    unreadable: Sequence[Unreadable]

    @property
    def events(self) -> int:
        """Return how many events these are."""
        return len(self.facts) + len(self.unreadable)


class Difference(Struct, frozen=True):
    """One place where the live rows are not what the events say."""

    projection: str
    customer_id: str | None
    where: str  # table, alerts, totals or head
    key: str
    live: str
    refolded: str


class Verification(Struct, kw_only=True):
    """What a verification found; it agrees when there is no difference."""

    position: str
    customers: int = 0
    events: int = 0
    rows: int = 0
    alerts: int = 0
    parked: int = 0
    waiting: int = 0  # events that the projection furthest behind has not taken in: not compared
    mirrored: int = 0  # records of Kafka's topics that were compared with the events table
    duplicates: int = 0  # of them, those dropped since their event had come before
    differences: int = 0
    named: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        """Count a difference, and name it while the list is short."""
        self.differences += 1
        if self.differences <= _NAMED:
            self.named.append(difference)

    def take_in(self, part: Verification) -> None:
        """Add what was found in a part of the company."""
        counts = ("customers", "events", "rows", "alerts", "parked", "waiting", "differences")
        for counted in counts:
            setattr(self, counted, getattr(self, counted) + getattr(part, counted))
        self.named += part.named[: _NAMED - len(self.named)]

    def take_note(self, everybody: Iterable[Taken]) -> None:
        """Count the customers and events of a part, and name what cannot be read of them."""
        for one in everybody:
            self.customers += 1
            self.events += one.events
            for unreadable in one.unreadable:
                self.cannot_read(one.customer, unreadable)

    def cannot_read(self, customer: CustomerId, event: Unreadable) -> None:
        """Name an event that the log holds and nobody can read."""
        why = cannot_be_read(event.event_id, f"of {customer}", event.reason)
        self.differ(Difference("log", customer, "event", event.event_id, "unreadable", why))


class Comparison:
    """Live rows of a part against their refold, of projections that have taken in the same events.

    All was read in one picture of the database. `sums` is told every live row of the part.
    """

    def __init__(
        self,
        projections: Sequence[Projection],
        live: Sequence[Live],
        reference: Reference,
        found: Verification,
        sums: Sums,
    ) -> None:
        self._projections = projections
        self._live = live
        self._together = Together(projections)
        self._references = {reference.count: reference}
        self._all_reference = reference
        self._found = found
        self._sums = sums

    def compare(self, one: Taken) -> None:
        """Compare a customer by what the projections have taken in of it."""
        asked = {place: facts for place, _, facts in self._together.asked(one.facts)}
        for place, projection in enumerate(self._projections):
            facts = asked.get(place)
            handled = 0
            if facts is not None:
                handled = sum(type(fact.data) in projection.handles for fact in facts)
            assessed = partial(_alone, projection, one.customer, facts)
            self._customer(projection, one.customer, handled, assessed, self._live[place])

    def compare_merged(self, customer: CustomerId, group: Merged) -> None:
        """Compare a customer by what was taken in of all whom merges connect with it."""
        for place, projection in enumerate(self._projections):
            handled = sum(type(fact.data) in projection.handles for fact in group.own(customer))
            assessed = partial(group.assessed, projection, customer)
            self._customer(projection, customer, handled, assessed, self._live[place])

    def end(self) -> None:
        """Take note that all customers were compared."""
        for projection, live in zip(self._projections, self._live, strict=True):
            for table in live.tables:
                self._sums.add_rows(projection, table.rest())

    def _customer(
        self,
        projection: Projection,
        customer: CustomerId,
        handled: int,
        assessed: Callable[[datetime, Reference], Assessment],
        live: Live,
    ) -> None:
        """Compare a customer, of whose own facts the projection handles some."""
        head = live.heads.get(customer)
        if head is None:
            if handled:
                told = ("head", "", "not assessed", f"{handled} facts")
                self._found.differ(Difference(projection.name, customer, *told))
            return
        if head["parked_reason"] is not None:
            self._found.parked += 1
            return
        assessment = assessed(head["assessed_at"], self._reference(head["policy_count"]))
        for table in live.tables:
            rows = assessment.rows.get(table.table.name, ())
            self._rows(projection, customer, table, rows)
        self._alerts(projection, customer, live.alerts(customer), assessment)

    def _reference(self, count: int) -> Reference:
        if count not in self._references:
            self._references[count] = Reference(islice(self._all_reference.events, count))
        return self._references[count]

    def _rows(
        self, projection: Projection, customer: CustomerId, live: LiveTable, rows: Sequence[Row]
    ) -> None:
        held = live.taken(customer)
        if live.are(held, customer, rows):
            self._found.rows += len(rows)
            self._sums.add_rows(projection, rows)
            return
        stands = live.built(held)
        self._sums.add_rows(projection, stands)
        table = live.table
        stored = {table.key_of(row): row for row in stands}
        refolded = {table.key_of(row): row for row in rows}
        self._found.rows += len(refolded)
        for row_key in refolded.keys() | stored.keys():
            one, other = stored.get(row_key), refolded.get(row_key)
            if one != other:
                where = (projection.name, customer, table.name, "/".join(row_key))
                self._found.differ(Difference(*where, *_changed(one, other)))

    def _alerts(
        self,
        projection: Projection,
        customer: CustomerId,
        standing: Mapping[str, Alert],
        assessment: Assessment,
    ) -> None:
        refolded = {alert.alert_id: alert for alert in assessment.alerts}
        self._found.alerts += len(refolded)
        for alert_id in refolded.keys() | standing.keys():
            one, other = standing.get(alert_id), refolded.get(alert_id)
            if one != other:
                key = (one or other).key  # type: ignore[union-attr]
                where = (projection.name, customer, "alerts", "/".join(map(str, key)))
                self._found.differ(Difference(*where, _standing(one), _standing(other)))


def _alone(
    projection: Projection,
    customer: CustomerId,
    facts: Facts | None,
    at: datetime,
    reference: Reference,
) -> Assessment:
    told = Facts((), projection.handles) if facts is None else facts
    return projection.assess(customer, told, at, reference)


def _standing(alert: Alert | None) -> str:
    """Return whether an alert stands, and what it says beyond its identity."""
    if alert is None:
        return "does not stand"
    money = f"stands, {alert.amount_minor} {alert.currency} of branch {alert.branch_id}"
    if alert.state == "open" and alert.delegate is None:
        return money
    until = "" if alert.until is None else f" until {alert.until.isoformat()}"
    return f"{money}, {alert.state} by {alert.state_by}{until}, passed on to {alert.delegate}"


def _changed(live: Row | None, refolded: Row | None) -> tuple[str, str]:
    """Return the columns in which two rows differ, as text, from either side."""
    if live is None or refolded is None:
        return ("no row" if live is None else "a row", "no row" if refolded is None else "a row")
    one, other = msgspec.to_builtins(live), msgspec.to_builtins(refolded)
    names = [name for name in one if one[name] != other[name]]
    return (
        ", ".join(f"{name}={one[name]}" for name in names),
        ", ".join(f"{name}={other[name]}" for name in names),
    )
