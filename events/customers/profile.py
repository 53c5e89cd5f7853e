"""Making a customer known, and keeping true what is known of it: what is asked, and decided. Pure.

Names, numbers and addresses never travel in a command: they are told beside it, readable, and are
sealed by who appends the event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Literal, NamedTuple

from msgspec import Struct

from events.cases.staff import Staff
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.identity import Identity
from events.customers.merging import ERASED, NOT_A_ROOT
from events.envelope import CustomerId
from events.facts import Fact
from events.refusals import Reason, Refused, Word, refuse
from events.texts import N_
from events.touchpoints.base import Key, Text, Touchpoint
from events.touchpoints.customer import (
    CustomerErased,
    CustomerProfileChanged,
    CustomerRegistered,
)

REGISTERED = Reason(
    "registered",
    N_("%(customer)s is registered already, since %(since)s."),
    N_("Change the profile instead, or register under another id."),
)
NO_BRANCH = Reason(
    "no_branch",
    N_("%(by)s works at no branch, and none was named."),
    N_("Name the branch where the customer is at home: %(known)s."),
)
UNKNOWN_BRANCH = Reason(
    "unknown_branch",
    N_("There is no branch %(branch)s."),
    N_("Name one of those there are, or publish the branch first: %(known)s."),
)
NOT_AT_HOME = Reason(
    "not_at_home",
    N_("%(customer)s is at home at %(branch)s: it is not for %(by)s, but for %(who)s."),
    N_("Let one of them do it."),
)
NOTHING_CHANGED = Reason(
    "nothing_changed",
    N_("All of that is known of %(customer)s already."),
    N_("Name what is other than before: the home branch, the segment, or something personal."),
)

Personal = Mapping[str, str]
"""Personal fields, readable."""

Kind = Literal["person", "company"]

_NOTHING: Personal = MappingProxyType({})


class ProfileCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be known of a customer."""


class Register(ProfileCommand, frozen=True):
    """Make a customer known, at home at the branch named, else at that of whoever asks."""

    home_branch: Key | None = None
    segment: Text | None = None
    kind: Kind | None = None


class ChangeProfile(ProfileCommand, frozen=True):
    """Say what is other than before; what is left out stays as it was."""

    home_branch: Key | None = None
    segment: Text | None = None


Command = Register | ChangeProfile


class Profile(NamedTuple):
    """What is known of a customer at the instant of a command; `identity` says who else it is."""

    customer: CustomerId
    identity: Identity
    home: str | None = None
    is_known: bool = False  # some event names it
    registered: datetime | None = None
    erased: datetime | None = None
    segment: str | None = None
    personal: Personal = _NOTHING


def profile_of(
    customer: CustomerId,
    facts: Iterable[Fact],
    opened: Mapping[str, Personal],
    identity: Identity,
    home: str | None,
) -> Profile:
    """Return what a customer's own facts say of it; `opened` is what was personal, by event.

    At home it may be by what was said of whoever was merged into it.
    """
    told = sorted(facts, key=attrgetter("fact_key"))
    registered = erased = segment = None
    personal: dict[str, str] = {}
    for fact in told:
        match fact.data:
            case CustomerRegistered() as data:
                registered = registered or fact.effective_at
                segment = data.segment or segment
            case CustomerProfileChanged() as data:
                segment = data.segment or segment
            case CustomerErased():
                erased = erased or fact.effective_at
        personal.update(opened.get(fact.id, _NOTHING))
    return Profile(
        customer=customer,
        identity=identity,
        home=home,
        is_known=bool(told),
        registered=registered,
        erased=erased,
        segment=segment,
        personal=personal,
    )


Decision = tuple[Touchpoint, ...] | Refused


def decide(
    profile: Profile,
    command: Command,
    personal: Personal | None,
    by: Staff,
    now: datetime,
    branches: Collection[str],
) -> Decision:
    """Return the events of a command, or its refusal; they take effect at `now`.

    A branch registers those who are at home there and keeps what is known of them; headquarters
    does so for every branch.
    """
    if refused := _gone(profile, now):
        return refused
    if isinstance(command, Register):
        return _register(profile, command, by, branches)
    return _change(profile, command, personal or _NOTHING, by, branches)


def _gone(profile: Profile, now: datetime) -> Refused | None:
    customer, identity = profile.customer, profile.identity
    if profile.erased is not None:
        return refuse(ERASED, customer=customer, since=profile.erased)
    edge = identity.edge_at(customer, now)
    if edge is None:
        return None
    root = identity.root_at(customer, now)
    return refuse(NOT_A_ROOT, customer=customer, into=edge.into, since=edge.since, root=root)


def _register(
    profile: Profile, command: Register, by: Staff, branches: Collection[str]
) -> Decision:
    known = tuple(sorted(branches))
    home = command.home_branch or by.branch_id
    if home is None:
        return refuse(NO_BRANCH, by=by.agent, known=known)
    if refused := _unknown(home, known) or _elsewhere(profile, home, by):
        return refused
    if profile.registered is not None:
        return refuse(REGISTERED, customer=profile.customer, since=profile.registered)
    if profile.home is not None and (refused := _elsewhere(profile, profile.home, by)):
        return refused
    return (
        CustomerRegistered(
            home_branch=home, segment=command.segment, kind=command.kind, by=by.agent
        ),
    )


def _change(
    profile: Profile,
    command: ChangeProfile,
    personal: Personal,
    by: Staff,
    branches: Collection[str],
) -> Decision:
    if not profile.is_known:
        return refuse(UNKNOWN_CUSTOMER, customer=profile.customer)
    home = command.home_branch
    refused = _elsewhere(profile, profile.home, by)
    if refused is None and home is not None:
        refused = _unknown(home, tuple(sorted(branches)))
    if refused is not None:
        return refused
    changed = (
        home not in (None, profile.home),
        command.segment not in (None, profile.segment),
        any(profile.personal.get(name) != value for name, value in personal.items()),
    )
    if not any(changed):
        return refuse(NOTHING_CHANGED, customer=profile.customer)
    return (CustomerProfileChanged(home_branch=home, segment=command.segment, by=by.agent),)


def _unknown(branch: str, known: tuple[str, ...]) -> Refused | None:
    return None if branch in known else refuse(UNKNOWN_BRANCH, branch=branch, known=known)


def _elsewhere(profile: Profile, home: str | None, by: Staff) -> Refused | None:
    """Return the refusal of somebody who works at another branch than the customer's."""
    if "headquarters" in by.roles or by.branch_id == home:
        return None
    who = (Word("home_branch"), Word("headquarters"))
    return refuse(NOT_AT_HOME, customer=profile.customer, branch=home, by=by.agent, who=who)
