"""Merging customers and parting them again: what is asked, and what it comes to. Pure.

Only roots are merged, so that no chain closes a circle. Whoever decides has read the streams of
everybody on the way to the roots, and relies on them: of two rivals one finds a stream moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from events.cases.staff import Staff
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.identity import Identity
from events.envelope import CustomerId
from events.refusals import Reason, Refused, Word, refuse
from events.texts import N_
from events.touchpoints.base import Key, Text, Touchpoint
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged

FOR_HEADQUARTERS = Reason(
    "for_headquarters",
    N_("%(by)s may not say which customers are the same: it is for %(who)s."),
    N_("Let headquarters do it."),
)
ITSELF = Reason(
    "itself",
    N_("%(customer)s cannot be merged into itself."),
    N_("Name the other one of the two."),
)
NOT_A_ROOT = Reason(
    "not_a_root",
    N_("%(customer)s was merged into %(into)s on %(since)s."),
    N_("Name %(root)s instead, or undo that merge first."),
)
ERASED = Reason(
    "erased",
    N_("%(customer)s was erased on %(since)s."),
    N_("Nothing can be done: who was erased stays as it was."),
)
NOT_MERGED = Reason(
    "not_merged",
    N_("%(customer)s is not merged into another customer."),
    N_("Name the one that was merged, not the one it was merged into."),
)


class IdentityCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something asked about who a customer is."""


class Merge(IdentityCommand, frozen=True):
    """Say that the customer is the same as another, from now on."""

    into: Key
    reason: Text | None = None


class Unmerge(IdentityCommand, frozen=True):
    """Say that the merge in force of the customer was wrong."""

    reason: Text | None = None


Command = Merge | Unmerge


class Known(NamedTuple):
    """What is known of the customers that a command is about, and of those on their ways.

    `erased` says when; `unknown` are those that no event names.
    """

    identity: Identity
    erased: Mapping[CustomerId, datetime] = MappingProxyType({})
    unknown: Collection[CustomerId] = ()


Decision = tuple[Touchpoint, ...] | Refused


def decide(
    customer: CustomerId, command: Command, by: Staff, now: datetime, known: Known
) -> Decision:
    """Return the events of a command, or its refusal; they take effect at `now`.

    That is never before anything that it was decided on (`Identity.no_earlier_than`).
    """
    if "headquarters" not in by.roles:
        return refuse(FOR_HEADQUARTERS, by=by.agent, who=Word("headquarters"))
    if isinstance(command, Merge):
        return _merge(customer, command, by, now, known)
    return _unmerge(customer, command, by, now, known)


def _merge(
    customer: CustomerId, command: Merge, by: Staff, now: datetime, known: Known
) -> Decision:
    into = CustomerId(command.into)
    if customer == into:
        return refuse(ITSELF, customer=customer)
    for one in (customer, into):
        edge = known.identity.edge_at(one, now)
        if edge is not None:
            root = known.identity.root_at(one, now)
            return refuse(NOT_A_ROOT, customer=one, into=edge.into, since=edge.since, root=root)
        if one in known.erased:
            return refuse(ERASED, customer=one, since=known.erased[one])
        if one in known.unknown:
            return refuse(UNKNOWN_CUSTOMER, customer=one)
    return (CustomerMerged(into=into, reason=command.reason, by=by.agent),)


def _unmerge(
    customer: CustomerId, command: Unmerge, by: Staff, now: datetime, known: Known
) -> Decision:
    edge = known.identity.edge_at(customer, now)
    if edge is None:
        return refuse(NOT_MERGED, customer=customer)
    return (CustomerUnmerged(out_of=edge.into, reason=command.reason, by=by.agent),)
