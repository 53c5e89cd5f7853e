"""What may be asked of a case: one frozen type per command, refused or done whole.

Who asks, and when, is told beside the command (`events.cases.decide`). Free text never travels
in a command: a note is personal data, sealed by who appends the first event of the unit.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from events.touchpoints.base import Instant, Key, Text
from events.touchpoints.complaint import BusinessMinutes, Clock, Cycle, Outcome, Severity, ToldOf
from events.touchpoints.contact import DriverScore, Minutes
from events.touchpoints.policy import CaseKind


class CaseCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something asked of a case."""


class Open(CaseCommand, frozen=True):
    """Begin the case of a complaint, a request, or a need overheard; the platform asks for it."""

    case_id: Key
    severity: Severity
    received_at: Instant  # when the complaint or request took effect
    opened_by: Key | None = None  # its event
    agent: Key | None = None  # the first contact: the owner
    department: Key | None = None
    tier: Text | None = None  # of the customer
    wanted_by: Instant | None = None
    referred_from: Key | None = None
    kind: CaseKind | None = None  # which flow it goes through; None: what was overheard, none


class Take(CaseCommand, frozen=True):
    """Become the owner."""


class Assign(CaseCommand, frozen=True):
    """Give the case to somebody: to the own department's, unless one is named."""

    agent: Key
    department: Key | None = None


class Reply(CaseCommand, frozen=True):
    """Give the customer a first answer."""


class HandOff(CaseCommand, frozen=True):
    """Let a department owe something, by a deadline of its own in working time."""

    department: Key
    owes: Text
    due_minutes: BusinessMinutes | None = None
    agent: Key | None = None


class Fulfil(CaseCommand, frozen=True):
    """Do what is owed."""

    obligation_id: Key


class Withdraw(CaseCommand, frozen=True):
    """Say that what a department owes is not owed any more."""

    obligation_id: Key
    reason: Text | None = None


class TellCustomer(CaseCommand, frozen=True):
    """Tell the customer of a step."""

    step: ToldOf
    channel: Text | None = None
    obligation_id: Key | None = None


class Wait(CaseCommand, frozen=True):
    """Wait on the customer."""

    reason: Text | None = None


class Resume(CaseCommand, frozen=True):
    """Go on: the customer did what was waited for."""


class Refer(CaseCommand, frozen=True):
    """Make a case for another department of a need that was overheard."""

    department: Key
    severity: Severity = "low"


class Resolve(CaseCommand, frozen=True):
    """Say that it is solved; somebody will call the customer back."""

    channel: Text | None = None


class RecordCallback(CaseCommand, frozen=True):
    """Say how a satisfaction call went."""

    outcome: Outcome
    minutes: Minutes = 0
    scores: tuple[DriverScore, ...] = ()


class Close(CaseCommand, frozen=True):
    """End the case without a call-back."""

    reason: Text | None = None


class Reopen(CaseCommand, frozen=True):
    """Begin again."""

    reason: Text


class OnEscalation(CaseCommand, frozen=True):
    """Something about a share of a clock's time that is spent."""

    clock: Clock
    percent: int
    cycle: Cycle
    obligation_id: Key | None = None


class Escalate(OnEscalation, frozen=True):
    """Tell who is to be told that a share of a clock's time is spent."""


class Acknowledge(OnEscalation, frozen=True):
    """Take up what was escalated."""


class Snooze(OnEscalation, frozen=True, kw_only=True):
    """Hear of what was escalated again at an instant, if it stands then."""

    until: Instant


class Delegate(OnEscalation, frozen=True, kw_only=True):
    """Pass what was escalated on to another member of staff; a note to them is sealed."""

    to: Key


class HoldDunning(CaseCommand, frozen=True):
    """Let no reminders go out for an invoice, or all of them, through a day."""

    invoice_id: Key | None = None
    until: date | None = None
    reason: Text | None = None


class AddNote(CaseCommand, frozen=True):
    """Write something down for the others."""


class SetPriority(CaseCommand, frozen=True):
    """Say that the case is more, or less, pressing."""

    priority: Severity
    reason: Text | None = None


class Decline(CaseCommand, frozen=True):
    """Say that we will not do what was asked for."""

    reason: Text


class MarkDuplicate(CaseCommand, frozen=True):
    """Say that the same was told before, in another case."""

    duplicate_of: Key


class PutOff(CaseCommand, frozen=True):
    """Ask nobody to take the case before an instant."""

    until: Instant
    reason: Text | None = None


class BringBack(CaseCommand, frozen=True):
    """Ask for somebody to take a case that was put off."""


Command = (
    Open
    | Take
    | Assign
    | Reply
    | HandOff
    | Fulfil
    | Withdraw
    | TellCustomer
    | Wait
    | Resume
    | Refer
    | Resolve
    | RecordCallback
    | Close
    | Reopen
    | Escalate
    | Acknowledge
    | Snooze
    | Delegate
    | HoldDunning
    | AddNote
    | SetPriority
    | Decline
    | MarkDuplicate
    | PutOff
    | BringBack
)
"""Whatever may be asked of a case."""
