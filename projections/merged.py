"""Customers whom merges connect, assessed together: each root over the facts of all its members.

As of an instant a root is assessed as if all that ever happened with its members by then had
happened with it; a member has no rows and no alerts. Facts stay with their own customers: outside
a merge's interval each is assessed by what it would be alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from events.customers.identity import Change, Edge, Identity
from events.envelope import CustomerId, EventId, RecordedEvent
from events.facts import Fact, fact_of
from events.home import Asked, Known, known
from events.policy import Reference
from projections.facts import Facts
from projections.protocol import Assessment, Cause, Projection


class Merged:
    """A group of customers, by the facts of any kind of each."""

    def __init__(self, dossiers: Mapping[CustomerId, Sequence[Fact]]) -> None:
        self.identity = Identity(dossiers)
        self._dossiers = dossiers

    def own(self, customer: CustomerId) -> Sequence[Fact]:
        """Return the facts of a customer itself."""
        return self._dossiers.get(customer, ())

    def told(self, customer: CustomerId, at: datetime) -> Sequence[Fact] | None:
        """Return the facts that a customer is assessed by; None: it belongs to another."""
        if self.identity.root_at(customer, at) != customer:
            return None
        members = self.identity.groups_at(at).get(customer, (customer,))
        return [fact for one in members for fact in self.own(one)]

    def concerns(self, projection: Projection, customer: CustomerId, at: datetime) -> bool:
        """Return whether a projection has to do with a customer at an instant, by any fact."""
        facts = self.own(customer), self.told(customer, at) or ()
        return any(type(fact.data) in projection.handles for some in facts for fact in some)

    def assessed(
        self,
        projection: Projection,
        customer: CustomerId,
        at: datetime,
        reference: Reference,
        cause: Cause | None = None,
    ) -> Assessment:
        """Return what the facts of the group mean for a customer at an instant.

        `cause` is why alerts do not stand that the projection says nothing about.
        """
        told, until = self.told(customer, at), self.identity.next_change(at)
        if told is None:
            found = Assessment(rows={}, uses=frozenset(), next_change_at=until)
        else:
            facts = Facts(told, projection.handles)
            found = projection.assess(customer, facts, at, reference)
        changes = [one for one in (found.next_change_at, until) if one is not None]
        return structs.replace(
            found,
            next_change_at=min(changes, default=None),
            default_cause=cause or found.default_cause,
            stamp=None,
            differences=None,
        )

    def cause(
        self, at: datetime, since: datetime | None, news: Collection[EventId]
    ) -> Cause | None:
        """Return the move that made things other than they were told as of `since`, if any did.

        `news` are the events that were not known then.
        """
        for change in reversed(self.identity.changes):
            if change.at <= at and (since is None or change.at > since or change.event_id in news):
                return _cause(change)
        return None


class KnownTogether(NamedTuple):
    """What to assess of the root that a customer belongs to: as `Known` of a customer alone."""

    root: CustomerId
    known: Known  # of the root, at the customer's own instants
    identity: Identity  # as it was known

    @property
    def merges(self) -> Sequence[Edge]:
        """Return the merges in force by which others belong to the root."""
        at, identity = self.known.at, self.identity
        return [
            edge
            for edge in identity.edges
            if edge.in_force(at) and identity.root_at(edge.member, at) == self.root
        ]


def known_together(
    customer: CustomerId,
    events: Mapping[CustomerId, Sequence[RecordedEvent]],
    reference: Reference,
    at: Asked,
    known_at: Asked | None,
) -> KnownTogether:
    """Return what was known of a customer's root, by the events of all in its group.

    Which instant a day means, the home of the customer itself tells.
    """
    own = known(events.get(customer, ()), reference, at, known_at)
    if len(events) == 1:
        return KnownTogether(customer, own, Identity({customer: own.facts}))
    recorded = {
        one: [e for e in some if own.known_at is None or e.recorded_at <= own.known_at]
        for one, some in events.items()
    }
    facts = {one: [fact_of(event) for event in some] for one, some in recorded.items()}
    identity = Identity(facts)
    root = identity.root_at(customer, own.at)
    members = identity.groups_at(own.at).get(root, (root,))
    found = own._replace(
        events=[event for one in members for event in recorded.get(one, ())],
        facts=[fact for one in members for fact in facts.get(one, ())],
    )
    return KnownTogether(root, found, identity)


def _cause(change: Change) -> Cause:
    return Cause("unmerged" if change.unmerged else "merged", change.event_id)
