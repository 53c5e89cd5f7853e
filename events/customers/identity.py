"""Which customers are the same: merges and unmerges with their instants, and whose is the root.

A customer who was merged belongs, through a chain of such, to a root; whoever is in no chain is a
root alone. What was published may contradict itself: of merges that cannot all be so the earlier
one, in fact order, counts, and a later one means nothing. That is a merge of who is merged
already, of a customer into itself, and one that would close a circle; an unmerge means something
only out of the customer that the subject is merged into. It ends the subject's own merge and no
other: where that customer was merged onward, or was merged into by others, that stays.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from events.calendars import INSTANT
from events.envelope import CustomerId, EventId, FactKey
from events.facts import Fact
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged

_MOVES = (CustomerMerged, CustomerUnmerged)
"""The kinds of facts that say who is the same."""


def is_move(fact: Fact) -> bool:
    """Return whether a fact says who is the same, or is not any more."""
    return type(fact.data) in _MOVES


def involved(fact: Fact) -> tuple[CustomerId, ...]:
    """Return whom a fact connects its customer with, or parts it from."""
    data = fact.data
    if isinstance(data, CustomerMerged):
        return (CustomerId(data.into),)
    if isinstance(data, CustomerUnmerged):
        return (CustomerId(data.out_of),)
    return ()


class Edge(Struct, frozen=True):
    """A merge that counts: in force from `since` on, until it was undone, if it was."""

    member: CustomerId
    into: CustomerId
    since: datetime
    merged_by: EventId
    until: datetime | None = None
    unmerged_by: EventId | None = None

    def in_force(self, at: datetime) -> bool:
        """Return whether the member belongs to the other at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


class Change(Struct, frozen=True):
    """An instant at which somebody's root became another, and the event that made it so."""

    at: datetime
    event_id: EventId
    unmerged: bool


class Identity:
    """Who belonged to whom at any instant, of customers connected by their merges.

    It is told their facts of any kind, in any order, also twice.
    """

    def __init__(self, told: Mapping[CustomerId, Iterable[Fact]]) -> None:
        moves: dict[FactKey, tuple[CustomerId, Fact]] = {}
        for customer, facts in told.items():
            for fact in facts:
                if is_move(fact):
                    moves[fact.fact_key] = (customer, fact)
        self._edges = _edges([moves[key] for key in sorted(moves)])
        names = {*told, *(edge.into for edge in self._edges)}
        self.customers: tuple[CustomerId, ...] = tuple(sorted(names))
        self.changes: Sequence[Change] = _changes(self._edges)

    @property
    def edges(self) -> Sequence[Edge]:
        """Return the merges that count, in fact order."""
        return self._edges

    def edge_at(self, customer: CustomerId, at: datetime) -> Edge | None:
        """Return the merge by which a customer belongs to another; None: it is a root."""
        for edge in self._edges:
            if edge.member == customer and edge.in_force(at):
                return edge
        return None

    def way_at(self, customer: CustomerId, at: datetime) -> Sequence[CustomerId]:
        """Return a customer, whom it belongs to, and so on; the last one is the root."""
        into = self._into(at)
        way = [customer]
        while way[-1] in into:
            way.append(into[way[-1]])
        return way

    def root_at(self, customer: CustomerId, at: datetime) -> CustomerId:
        """Return the root that a customer belongs to at an instant: itself, where it is one."""
        return self.way_at(customer, at)[-1]

    def groups_at(self, at: datetime) -> Mapping[CustomerId, Sequence[CustomerId]]:
        """Return every root at an instant, with all who belong to it, itself the first."""
        groups: dict[CustomerId, list[CustomerId]] = {}
        for customer in self.customers:
            groups.setdefault(self.root_at(customer, at), []).append(customer)
        return {
            root: (root, *(one for one in members if one != root))
            for root, members in groups.items()
        }

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which somebody's root becomes another."""
        i = bisect_right(self.changes, at, key=_when)
        return self.changes[i].at if i < len(self.changes) else None

    def last_change(self, at: datetime) -> Change | None:
        """Return the change that made things as they are at an instant; None: there was none."""
        i = bisect_right(self.changes, at, key=_when)
        return self.changes[i - 1] if i else None

    def no_earlier_than(self, now: datetime) -> datetime:
        """Return when what is decided now takes effect: after all that was decided before.

        A clock that went back would have a later decision count as an earlier one; and of one
        instant, events of different sources count in the order of these.
        """
        return max(now, self.changes[-1].at + INSTANT) if self.changes else now

    def _into(self, at: datetime) -> Mapping[CustomerId, CustomerId]:
        return {edge.member: edge.into for edge in self._edges if edge.in_force(at)}


def _when(change: Change) -> datetime:
    return change.at


def _edges(moves: Iterable[tuple[CustomerId, Fact]]) -> Sequence[Edge]:
    """Return the merges that count, of moves in fact order."""
    edges: list[Edge] = []
    standing: dict[CustomerId, int] = {}  # of a member, its edge's place
    for member, fact in moves:
        data, at = fact.data, fact.effective_at
        if isinstance(data, CustomerMerged):
            into = CustomerId(data.into)
            if member not in standing and not _leads_to(into, member, edges, standing):
                standing[member] = len(edges)
                edges.append(Edge(member, into, at, fact.id))
        elif isinstance(data, CustomerUnmerged):
            place = standing.get(member)
            if place is not None and edges[place].into == data.out_of:
                edge = edges[place]
                edges[place] = Edge(member, edge.into, edge.since, edge.merged_by, at, fact.id)
                del standing[member]
    return edges


def _leads_to(
    customer: CustomerId,
    other: CustomerId,
    edges: Sequence[Edge],
    standing: Mapping[CustomerId, int],
) -> bool:
    """Return whether a customer is another, or belongs to it."""
    while customer != other:
        place = standing.get(customer)
        if place is None:
            return False
        customer = edges[place].into
    return True


def _changes(edges: Iterable[Edge]) -> Sequence[Change]:
    changes = [Change(edge.since, edge.merged_by, unmerged=False) for edge in edges]
    changes += [
        Change(edge.until, edge.unmerged_by, unmerged=True)
        for edge in edges
        if edge.until is not None and edge.unmerged_by is not None
    ]
    return sorted(changes, key=lambda change: (change.at, change.event_id))
