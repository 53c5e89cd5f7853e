"""Decisions on alerts about no clock of a case: taken up, put off, passed on, by whom they reached.

What is done about a clock of a case is a command on that case (`events.cases.escalating`). What is
done about any other alert joins its customer's stream; the facts say whether it stands. Whoever
takes care of it is the only one to put it off or pass it on, as long as he or she works here.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec import Struct

from events.alert_care import NO_CARE, Care
from events.cases.asking import Decision
from events.cases.commands import CaseCommand
from events.cases.reasons import (
    ALERT_NOT_YOURS,
    ALERT_WITHDRAWN,
    IN_THE_PAST,
    TAKEN_UP,
    UNKNOWN_STAFF,
)
from events.cases.recipients import Recipient
from events.cases.staff import Staff, staff_in_force
from events.policy import Reference
from events.refusals import Refused, Word, refuse
from events.touchpoints.base import Instant, Key
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed


class AcknowledgeAlert(CaseCommand, frozen=True):
    """Take care of what an alert is about."""


class SnoozeAlert(CaseCommand, frozen=True):
    """Hear of an alert again at an instant, if it stands then."""

    until: Instant


class DelegateAlert(CaseCommand, frozen=True):
    """Pass an alert on to another member of staff; a note to them is sealed."""

    to: Key


AlertCommand = AcknowledgeAlert | SnoozeAlert | DelegateAlert


class KnownAlert(Struct, frozen=True):
    """An alert as a command needs to know it; `reached` are those whom it is or was told."""

    alert_id: str  # by which the log names it: that of its episode
    reached: tuple[Recipient, ...]
    care: Care = NO_CARE
    withdrawn_at: datetime | None = None


def decide_alert(
    alert: KnownAlert, command: AlertCommand, by: Staff, now: datetime, reference: Reference
) -> Decision:
    """Return the events of a command on an alert, or its refusal."""
    refused = _not_now(alert, command, by, now, reference)
    if refused is not None:
        return refused
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


def _not_now(
    alert: KnownAlert, command: AlertCommand, by: Staff, now: datetime, reference: Reference
) -> Refused | None:
    """Return why nobody, or not this one, may do anything about an alert."""
    if alert.withdrawn_at is None and (taken := _taken_up(alert, command, by, now, reference)):
        return taken  # also whom it was passed on to before hears who has it
    if not any(one.is_of(by) for one in alert.reached):
        who = tuple(one.agent or Word(one.role) for one in alert.reached)
        return refuse(ALERT_NOT_YOURS, by=by.agent, who=who)
    if alert.withdrawn_at is not None:
        return refuse(ALERT_WITHDRAWN, since=alert.withdrawn_at)
    return None


def _taken_up(
    alert: KnownAlert, command: AlertCommand, by: Staff, now: datetime, reference: Reference
) -> Refused | None:
    """Return who takes care of an alert, if that is for somebody else to be told."""
    care = alert.care
    if care.state != "acknowledged" or care.by is None:
        return None
    mine = care.by == by.agent and not isinstance(command, AcknowledgeAlert)
    if mine or staff_in_force(reference, care.by, now) is None:
        return None
    return refuse(TAKEN_UP, by=care.by, since=care.at)
