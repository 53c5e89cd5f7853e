"""Calls that we promised a customer without naming a case, followed up until they are made.

As with a case's call-back it is due at its instant, unreachable is tried again as often as the
policy in force when it was promised says, and too late is alerted as `callback_overdue`. Being
reached ends it, whatever the customer says: there is no case to go on with.
"""

from __future__ import annotations

from datetime import datetime

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import ServiceLevelPolicy
from projections.case_board.rows import CallbackRow, CallbackStatus
from projections.protocol import Alert

_PREFIX = "callback/"


def call_subject(callback_id: str) -> str:
    """Return what an alert about a promised call names as its subject."""
    return f"{_PREFIX}{callback_id}"


class PromisedCall:
    """A call known by its id; it is owed from its promise on."""

    __slots__ = (
        "attempts", "branch_id", "callback_id", "due_at", "ended_at", "ended_by", "outcome",
        "promised_at", "promised_by", "purpose", "tries",
    )  # fmt: skip

    def __init__(self, callback_id: str) -> None:
        self.callback_id = callback_id
        self.branch_id = ""
        self.purpose = ""
        self.promised_at: datetime | None = None
        self.promised_by = ""
        self.due_at: datetime | None = None
        self.tries = 1
        self.attempts = 0
        self.outcome: str | None = None
        self.ended_at: datetime | None = None
        self.ended_by: str | None = None

    def promise(self, event: Fact, data: CallbackPromised, reference: Reference) -> None:
        """Owe the call; promised again while it is owed, it is due as said last."""
        at = event.effective_at
        if self.promised_at is None:
            self.promised_at, self.promised_by = at, event.id
            self.branch_id, self.purpose = event.branch_id, data.purpose
            policy = reference.in_force(ServiceLevelPolicy, at)
            self.tries = max(1, policy.callback_attempts)
            self.due_at = data.due_at
        elif self.ended_at is None:
            self.due_at = data.due_at
        self._give_up(at, event.id)

    def make(self, event: Fact, data: CallbackMade) -> None:
        """Count an attempt; one that reached the customer ends it, as does the last of them."""
        if self.ended_at is not None:
            return
        at = event.effective_at
        self.attempts += 1
        self.outcome = data.outcome
        if data.outcome != "unreachable":
            self.ended_at, self.ended_by = at, event.id
        elif self.promised_at is not None:
            self._give_up(at, event.id)

    def _give_up(self, at: datetime, event_id: str) -> None:
        if self.ended_at is None and self.attempts >= self.tries:
            self.ended_at, self.ended_by = at, event_id

    @property
    def status(self) -> CallbackStatus:
        """Return how it stands."""
        if self.ended_at is None:
            return "open"
        return "unreachable" if self.outcome == "unreachable" else "made"

    def row(self) -> CallbackRow | None:
        """Return its row; None: nobody promised it."""
        if self.promised_at is None or self.due_at is None:
            return None
        return CallbackRow(
            callback_id=self.callback_id,
            branch_id=self.branch_id,
            purpose=self.purpose,
            promised_at=self.promised_at,
            due_at=self.due_at,
            status=self.status,
            attempts=self.attempts,
            outcome=self.outcome,
            ended_at=self.ended_at,
            late=self.ended_at is not None and self.ended_at > self.due_at,
            promised_by=self.promised_by,
            ended_by=self.ended_by,
        )

    def alert(self, customer: CustomerId, at: datetime) -> Alert | None:
        """Return the alert that it is overdue, if it is."""
        if self.ended_at is not None or self.promised_at is None or self.due_at is None:
            return None
        since = max(self.due_at, self.promised_at)
        if since > at:
            return None
        return Alert(
            kind="callback_overdue",
            subject=call_subject(self.callback_id),
            threshold=0,
            customer_id=customer,
            branch_id=self.branch_id,
            since=since,
            currency="",
            amount_minor=0,
        )

    def next_at(self, at: datetime) -> datetime | None:
        """Return when it will be overdue, if it is not yet."""
        if self.ended_at is not None or self.due_at is None or self.due_at <= at:
            return None
        return self.due_at
