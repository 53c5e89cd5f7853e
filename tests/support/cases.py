"""Cases told as stories: events of a case and when they happened, asked about at an instant.

Times are local ones of Asia/Shanghai; the branch works by the rule book's service calendar,
Monday to Friday 09-12 and 13-18. Whatever is asked is also asked with the facts shuffled,
repeated up to five times and remembered in batches: the digest must be the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.cases.terms import native_case_id
from events.envelope import RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.complaint import (
    CaseClosed,
    CaseHandedOff,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
    CustomerTold,
    ObligationFulfilled,
    Severity,
    ToldOf,
)
from events.touchpoints.contact import CallbackMade
from events.touchpoints.policy import BranchSet, CalendarSet, DepartmentSet
from projections.case_board.alerts import ClearedAlerts
from projections.case_board.explain import CaseExplanation, explain_case
from projections.case_board.projection import CaseBoard
from projections.case_board.replay import Board
from projections.case_board.rows import CaseRow, CycleRow, DepartmentRow, ObligationRow
from projections.facts import Facts
from projections.protocol import Alert, AlertKey, Assessment, Cause
from tests.support.given import (
    CUSTOMER,
    Told,
    asked,
    assessed_however_delivered,
    event_id,
    instant,
    recorded_events,
    told,
)

CASE_BOARD = CaseBoard()
CASE = native_case_id(event_id("complaint"))
"""The case that the complaint of a story opens."""

SERVICE_DESK = (
    told(
        CalendarSet(
            effective_from=instant("2020-01-01"), calendar_id="service", hours=STANDARD_HOURS
        ),
        "2020-01-01",
    ),
    told(
        BranchSet(
            effective_from=instant("2020-01-01"),
            branch_id="B-1",
            name="Branch",
            calendar_id="service",
        ),
        "2020-01-01",
    ),
    *(
        told(
            DepartmentSet(
                effective_from=instant("2020-01-01"),
                department_id=department,
                name=department,
                head=f"head of {department}",
            ),
            "2020-01-01",
        )
        for department in ("sales", "logistics", "service")
    ),
)


def complaint(severity: Severity, *, on: str, agent: str | None = "agent-7") -> Told:
    """The customer complained."""
    data = ComplaintFiled(severity=severity, agent=agent, department="service")
    return told(data, on, "complaint")


def opened(
    priority: Severity, response: int, solution: int, *, on: str, owner: str = "agent-7"
) -> Told:
    """Casework opened the case and pinned its minutes."""
    data = CaseOpened(
        case_id=CASE,
        priority=priority,
        owner=owner,
        department="service",
        response_minutes=response,
        solution_minutes=solution,
    )
    return told(data, on, "opened")


def replied(*, on: str) -> Told:
    """The customer got a first answer."""
    return told(CaseReplied(case_id=CASE, agent="agent-7"), on, f"replied {on}")


def waiting(*, on: str) -> Told:
    """The case waits on the customer."""
    return told(CaseWaitingStarted(case_id=CASE), on, f"waiting {on}")


def waited(*, on: str) -> Told:
    """The customer did what the case waited for."""
    return told(CaseWaitingEnded(case_id=CASE), on, f"waited {on}")


def handed_off(department: str, owes: str, hours: int, *, on: str) -> Told:
    """A department owes something."""
    data = CaseHandedOff(
        case_id=CASE,
        obligation_id=f"{department}-owes",
        department=department,
        owes=owes,
        due_minutes=hours * 60,
    )
    return told(data, on, f"to {department}")


def fulfilled(department: str, *, on: str) -> Told:
    """A department did what it owed."""
    data = ObligationFulfilled(case_id=CASE, obligation_id=f"{department}-owes")
    return told(data, on, f"done by {department}")


def customer_told(step: ToldOf, *, on: str) -> Told:
    """The customer was told of a step."""
    return told(CustomerTold(case_id=CASE, step=step), on, f"told {step} {on}")


def resolved(*, on: str) -> Told:
    """The owner says it is solved."""
    return told(CaseResolved(case_id=CASE, agent="agent-7"), on, f"resolved {on}")


def called_back(outcome: str, *, on: str) -> Told:
    """The customer was called back."""
    data = CallbackMade(
        callback_id=f"call {on}",
        outcome=outcome,  # type: ignore[arg-type]
        case_id=CASE,
    )
    return told(data, on, f"called {on}")


def closed(*, on: str, confirmed: bool = True) -> Told:
    """The case ended."""
    return told(CaseClosed(case_id=CASE, confirmed=confirmed), on, f"closed {on}")


def reopened(*, on: str) -> Told:
    """A closed case began again."""
    return told(CaseReopened(case_id=CASE), on, f"reopened {on}")


class Story:
    """Events of a customer's cases, and the rules they live under."""

    def __init__(self, events: Sequence[RecordedEvent], reference: Reference) -> None:
        self.events = events
        self.facts = [fact_of(event) for event in events]
        self.reference = reference

    def known(self, text: str) -> Story:
        """Return what was known at an instant of record time."""
        by = asked(text)
        known = [event for event in self.events if event.recorded_at <= by]
        return Story(known, self.reference.known_at(by))

    def at(self, text: str) -> Stand:
        """Assess as of an instant, delivered in order and in every other way."""
        at = asked(text)
        assessment = assessed_however_delivered(
            CASE_BOARD, self.facts, at, self.reference, seed=len(self.facts), rounds=6
        )
        facts = Facts(self.facts)
        explained = explain_case(CUSTOMER, facts, at, self.reference, CASE)
        return Stand(assessment, Board(facts, at, self.reference, tell=False), explained)


class Stand:
    """How the cases stand at the instant asked about."""

    def __init__(
        self, assessment: Assessment, board: Board, explained: CaseExplanation | None
    ) -> None:
        self.assessment = assessment
        self.board = board
        self.explained = explained

    @property
    def case(self) -> CaseRow:
        """Return the row of the only case."""
        (row,) = self.assessment.rows["cases"]
        assert isinstance(row, CaseRow)
        return row

    def cycle(self, number: int) -> CycleRow:
        """Return the row of a cycle."""
        rows = [row for row in self.assessment.rows["cycles"] if isinstance(row, CycleRow)]
        return next(row for row in rows if row.cycle == number)

    def obligation(self, department: str) -> ObligationRow:
        """Return the row of what a department owes."""
        rows = self.assessment.rows["obligations"]
        return next(
            row for row in rows if isinstance(row, ObligationRow) and row.department == department
        )

    def department(self, name: str) -> DepartmentRow:
        """Return how long a department had the case in hand."""
        rows = self.assessment.rows["departments"]
        return next(
            row for row in rows if isinstance(row, DepartmentRow) and row.department == name
        )

    def alerts(self) -> dict[str, int]:
        """Return the alerts that stand, by kind; of each kind one."""
        found = {alert.kind: alert.threshold for alert in self.assessment.alerts}
        assert len(found) == len(self.assessment.alerts)
        return found

    def alert(self, kind: str) -> Alert:
        """Return the alert of that kind that stands."""
        (found,) = (alert for alert in self.assessment.alerts if alert.kind == kind)
        return found

    def cleared(self, kind: str, threshold: int, subject: str = f"{CASE}#1") -> Cause:
        """Return why an alert does not stand."""
        assert isinstance(self.assessment.cleared, ClearedAlerts)
        return self.assessment.cleared[AlertKey(kind, subject, threshold)]

    def then(self, **expected: object) -> Stand:
        """Hold fields of the case's row: texts of times are local times."""
        actual = structs.asdict(self.case)
        for name, value in expected.items():
            wanted = instant(value) if name.endswith("_at") and isinstance(value, str) else value
            assert actual[name] == wanted, name
        return self


def story(*facts: Told, rules: Sequence[Told] = SERVICE_DESK, branch: str = "B-1") -> Story:
    """Start from what happened to a case, and published rules."""
    return Story(recorded_events(facts, branch), Reference(recorded_events(rules)))
