"""Decisions on alerts about no case: taken up, put off, passed on, by whom they reached.

What is done about a clock of a case is a command on that case (`events.cases.escalating`). What is
done about any other alert joins its customer's stream; the journal says whether it stands.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from events.cases.asking import Decision
from events.cases.commands import CaseCommand
from events.cases.reasons import ALERT_NOT_YOURS, ALERT_WITHDRAWN, IN_THE_PAST, UNKNOWN_STAFF
from events.cases.recipients import Recipient
from events.cases.staff import Staff, staff_in_force
from events.policy import Reference
from events.refusals import Word, refuse
from events.touchpoints.base import Instant, Key
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed


class AcknowledgeAlert(CaseCommand, frozen=True):
    """Take care of what an alert is about: it climbs no further."""


class SnoozeAlert(CaseCommand, frozen=True):
    """Hear of an alert again at an instant, if it stands then."""

    until: Instant


class DelegateAlert(CaseCommand, frozen=True):
    """Pass an alert on to another member of staff; a note to them is sealed."""

    to: Key


AlertCommand = AcknowledgeAlert | SnoozeAlert | DelegateAlert


class JournalledAlert(Struct, frozen=True):
    """An alert as the journal has it last; `reached` are those whom it is told."""

    alert_id: str
    reached: tuple[Recipient, ...]
    withdrawn_at: datetime | None = None
    withdrawn_for: str | None = None  # the reason of its cause


def decide_alert(
    alert: JournalledAlert, command: AlertCommand, by: Staff, now: datetime, reference: Reference
) -> Decision:
    """Return the events of a command on an alert, or its refusal."""
    if not any(one.is_of(by) for one in alert.reached):
        who = tuple(one.agent or Word(one.role) for one in alert.reached)
        return refuse(ALERT_NOT_YOURS, by=by.agent, who=who)
    if alert.withdrawn_at is not None:
        return refuse(ALERT_WITHDRAWN, since=alert.withdrawn_at, why=alert.withdrawn_for)
    match command:
        case AcknowledgeAlert():
            return (AlertAcknowledged(alert_id=alert.alert_id, by=by.agent),)
        case SnoozeAlert(until=until):
            if until <= now:
                return refuse(IN_THE_PAST, until=until, now=now)
            return (AlertSnoozed(alert_id=alert.alert_id, by=by.agent, until=until),)
        case DelegateAlert(to=to):
            if staff_in_force(reference, to, now) is None:
                return refuse(UNKNOWN_STAFF, agent=to)
            return (AlertDelegated(alert_id=alert.alert_id, by=by.agent, to=to),)
        case _:
            assert_never(command)
