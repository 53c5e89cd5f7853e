"""Commands on alerts about no clock of a case, decided on what the log holds of the customer.

What the journal told says which alert an id names; whether it stands, and what was done about it,
say the facts as they are now. A word about it lies in the stream of the customer whose it is: of
customers that were merged, the one it would be of alone, so that it goes with it when they are
parted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from events.alert_care import NO_CARE, Care
from events.cases.alerts import AlertCommand, KnownAlert, decide_alert
from events.cases.reasons import ALERT_OF_A_CASE, UNKNOWN_ALERT
from events.cases.recipients import ABOUT_NO_CLOCK, Recipient, told_of_alert
from events.envelope import BranchId, CustomerId, RecordedEvent
from events.facts import Fact
from events.home import Home
from events.policy import Reference
from events.refusals import Refused, refuse
from events.streams import customer_stream
from projections import PROJECTIONS
from projections.facts import Facts
from projections.merged import Merged
from projections.protocol import Alert
from services.casework.customers import Customers, Group, done_before
from services.casework.executing import Answer, Decided, Stream, Streams
from services.casework.ordering import CommandOn
from services.errors import Unavailable
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

_TRIES = 5


class TellsOfAlert(Struct, frozen=True, kw_only=True):
    """What the journal told last of an alert."""

    alert_id: str
    customer_id: CustomerId
    kind: str
    subject: str
    threshold: int
    since: datetime
    branch_id: str | None
    action: str
    at: datetime

    @property
    def episode_id(self) -> str:
        """Return by which id the log names it."""
        return Alert(
            kind=self.kind,
            subject=self.subject,
            threshold=self.threshold,
            customer_id=self.customer_id,
            branch_id=self.branch_id,
            since=self.since,
            currency="",
            amount_minor=0,
        ).episode_id


class AlertNow(NamedTuple):
    """An alert as the facts have it at an instant, and in whose stream words about it lie."""

    told: TellsOfAlert
    standing: Alert | None  # None: it does not stand any more
    known: KnownAlert
    holder: CustomerId
    branch_id: BranchId


class _OtherHolder(Exception):
    """Words about the alert lie in another stream by now."""


class Alerts:
    """Alerts about no clock of a case, as commands find them."""

    def __init__(self, pool: Pool, streams: Streams, customers: Customers) -> None:
        self._pool = pool
        self._streams = streams
        self._customers = customers

    async def execute(
        self, asked: CommandOn[AlertCommand], reference: Reference, now: datetime
    ) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        told = await self.told(asked.on)
        if isinstance(told, Refused):
            return told
        for _ in range(_TRIES):
            group = await self._customers.group(told.customer_id)
            before = await done_before(self._streams, asked.order(), group)
            if before is not None:
                return before
            try:
                return await self._of_holder(asked, told, group, reference, now)
            except _OtherHolder:
                continue
        raise Unavailable("the customer is merged and parted all the time; try again in a moment")

    async def _of_holder(
        self,
        asked: CommandOn[AlertCommand],
        told: TellsOfAlert,
        group: Group,
        reference: Reference,
        now: datetime,
    ) -> Answer:
        """Execute a command on the stream of whose alert it is now. Raises: _OtherHolder."""
        found, is_new = alert_now(told, group.facts, reference, now), True

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            nonlocal group, is_new
            if not is_new:  # somebody moved
                group = await self._customers.group(told.customer_id)
            is_new = False
            latest = group.and_own(found.holder, events)
            stands = alert_now(told, latest.facts, reference, now)
            if stands.holder != found.holder:
                raise _OtherHolder
            done = decide_alert(stands.known, asked.command, asked.by, now, reference)
            return done if isinstance(done, Refused) else Decided(done, latest.relied_on)

        stream = Stream(customer_stream(found.holder), found.holder, found.branch_id)
        return await self._streams.execute(stream, asked.order(), decided)

    async def told(self, alert_id: str) -> TellsOfAlert | Refused:
        """Return what the journal told of an alert, or why nothing can be done about it here.

        Raises: Unavailable.
        """
        return (await self.told_each([alert_id]))[alert_id]

    async def told_each(self, alert_ids: Sequence[str]) -> Mapping[str, TellsOfAlert | Refused]:
        """Return the same of many. Raises: Unavailable."""
        found: dict[str, TellsOfAlert | Refused] = {
            one: refuse(UNKNOWN_ALERT, alert=one) for one in alert_ids
        }
        by_identity = {identity: one for one in alert_ids if (identity := identity_of(one))}
        for row in await journal_of(self._pool, [*by_identity]):
            identity = str(row["alert_id"])
            told = msgspec.convert(dict(row) | {"alert_id": identity}, TellsOfAlert)
            is_here = told.kind in ABOUT_NO_CLOCK
            found[by_identity[identity]] = (
                told if is_here else refuse(ALERT_OF_A_CASE, subject=told.subject)
            )
        return found

    async def now(self, told: TellsOfAlert, reference: Reference, now: datetime) -> AlertNow:
        """Return an alert as it is. Raises: Unavailable, UnreadableEvent."""
        return alert_now(told, await self._customers.read(told.customer_id), reference, now)

    async def words(self, found: AlertNow) -> Sequence[RecordedEvent]:
        """Return the stream in which words about an alert lie. Raises: Unavailable."""
        return await self._streams.events(customer_stream(found.holder))


def identity_of(alert_id: str) -> str | None:
    """Return an alert's id as the journal has it; None: it is none."""
    try:
        return str(UUID(alert_id))
    except ValueError:
        return None


async def journal_of(pool: Pool, identities: Sequence[str]) -> Sequence[Record]:
    """Return what was told last of each of some alerts. Raises: Unavailable."""
    return await retried(lambda: pool.fetch(sql("alert_told"), identities))


def alert_now(
    told: TellsOfAlert,
    group: Merged,
    reference: Reference,
    now: datetime,
) -> AlertNow:
    """Return an alert as it is by the facts of a group."""
    root = group.identity.root_at(told.customer_id, now)
    members = group.identity.groups_at(now).get(root, (root,))
    standing = _standing(told, root, group.told(root, now) or (), reference, now)
    holder = root
    if standing is not None and len(members) > 1:
        holder = _holder(standing, root, members, group, reference, now)
    branch_id = told.branch_id if standing is None else standing.branch_id
    care = NO_CARE if standing is None else _care(standing)
    over = None if standing is not None else told.at if told.action == "withdrawn" else now
    return AlertNow(
        told=told,
        standing=standing,
        known=KnownAlert(
            alert_id=told.episode_id,
            reached=_reached(told.kind, branch_id, care.delegate, reference, now),
            care=care,
            withdrawn_at=over,
        ),
        holder=holder,
        branch_id=BranchId(Home(group.own(holder)).branch_at(now) or branch_id or ""),
    )


def _standing(
    told: TellsOfAlert,
    customer: CustomerId,
    facts: Sequence[Fact],
    reference: Reference,
    now: datetime,
) -> Alert | None:
    """Return the alert as it stands, whoever the customer was merged into."""
    for projection in PROJECTIONS:
        own = Facts(facts, projection.handles)
        if not len(own):
            continue
        for alert in projection.assess(customer, own, now, reference).alerts:
            if alert.kind == told.kind and alert.episode_id == told.episode_id:
                return alert
    return None


def _holder(
    alert: Alert,
    root: CustomerId,
    members: Sequence[CustomerId],
    group: Merged,
    reference: Reference,
    now: datetime,
) -> CustomerId:
    """Return of whom an alert would stand if everybody were alone; else the root."""
    for member in (root, *(one for one in members if one != root)):
        for projection in PROJECTIONS:
            own = Facts(group.own(member), projection.handles)
            if not len(own):
                continue
            alone = projection.assess(member, own, now, reference).alerts
            if any(one.key == alert.key for one in alone):
                return member
    return root


def _care(alert: Alert) -> Care:
    return Care(alert.state, alert.state_by, alert.state_at, alert.until, alert.delegate)


def _reached(
    kind: str, branch_id: str | None, delegate: str | None, reference: Reference, now: datetime
) -> tuple[Recipient, ...]:
    """Return whom an alert reached: whoever is told by role, and whom it was passed on to."""
    usual = told_of_alert(kind, branch_id, None, reference, now)
    if delegate is None:
        return usual
    passed_on = told_of_alert(kind, branch_id, delegate, reference, now)
    return (*dict.fromkeys((*passed_on, *usual)),)
