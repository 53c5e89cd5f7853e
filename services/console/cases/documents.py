"""The JSON documents of cases: on the board, and one with its whole history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from projections.case_board.explain import CaseExplanation
from projections.case_board.parts import CaseStep
from projections.case_board.rows import CaseRow, ObligationRow
from services.console.cases.deadlines import Deadline
from services.console.cases.owners import OwnersBoard
from services.console.cases.worklist import CaseItem
from services.console.shared.customer_at import CustomerAt
from services.console.shared.documents import Document, Positioned, tell
from services.console.shared.reading import Reader

_SECOND = timedelta(seconds=1)


class ClockDocument(Document):
    """A clock in the branch's business time; `due_at` is null while it stands still."""

    due_at: datetime | None
    provisional: Annotated[
        bool, Meta(description="True: public holidays until then are not announced yet.")
    ]
    left_s: Annotated[int | None, Meta(description="Business seconds left, while it stands still.")]
    met_at: datetime | None
    breached_at: datetime | None


class ObligationDocument(Document):
    """What a department owes on a case."""

    obligation: str
    department: str
    owes: str
    agent: str | None
    status: str
    handed_at: datetime
    due_at: datetime | None
    provisional: Annotated[
        bool, Meta(description="True: public holidays until then are not announced yet.")
    ]
    done_at: datetime | None
    breached_at: datetime | None
    late_s: Annotated[int | None, Meta(description="Business seconds, once it is done.")]


class CaseDocument(Document):
    """A case as it stands; clocks and verdicts are those of its present cycle."""

    case: str
    customer: str
    external: Annotated[
        bool, Meta(description="True: another system keeps it, and it is imported.")
    ]
    kind: str
    category: str | None
    severity: str
    priority: str
    tier: str | None
    branch: str
    owner: str | None
    department: str | None
    status: str
    activity: str | None
    cycle: int
    opened_at: datetime
    response: ClockDocument
    solution: ClockDocument
    waiting_since: datetime | None
    paused_s: Annotated[int, Meta(description="Business seconds of this cycle's ended waits.")]
    resolved_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    callback_due_at: datetime | None
    callback_provisional: bool
    callback_attempts: int
    callback_outcome: str | None
    escalation: Annotated[
        int | None, Meta(description="The highest percent at which an alert stands.")
    ]
    handovers: int
    returns: int
    department_handovers: int
    department_returns: int
    reopened: int
    told: int
    referred_from: str | None
    declined: Annotated[bool, Meta(description="Closed because we will not do it.")]
    duplicate_of: Annotated[
        str | None, Meta(description="The case that it goes on in: closed for being the same.")
    ]
    put_off_until: Annotated[
        datetime | None, Meta(description="Nobody is asked to take it before.")
    ]
    last_event: str
    last_event_at: datetime
    obligations: list[ObligationDocument]


class CasesDocument(Positioned):
    """A page of cases, the most urgent first."""

    at: datetime
    count: int
    count_is_capped: bool
    cases: list[CaseDocument]
    next: str | None
    previous: str | None


class OwnerWorkDocument(Document):
    """What somebody has in hand for a department, and owes."""

    owner: Annotated[str | None, Meta(description="A staff number; null: nobody has taken it.")]
    role: Annotated[str | None, Meta(description="What the company calls what he or she is.")]
    cases: int
    waiting: int
    breached: Annotated[int, Meta(description="Cases past their solution.")]
    owed: int
    owed_breached: int
    next_due_at: Annotated[datetime | None, Meta(description="Of what is not too late yet.")]


class DepartmentWorkDocument(Document):
    """A department's work by owner, what nobody has taken first."""

    department: Annotated[str | None, Meta(description="Null: nobody is in charge.")]
    count: int
    breached: int
    owners: list[OwnerWorkDocument]


class OwnersDocument(Positioned):
    """What is under way and owed, by department and owner."""

    at: datetime
    is_capped: Annotated[bool, Meta(description="True: there are more owners.")]
    departments: list[DepartmentWorkDocument]


class DeadlineDocument(Document):
    """A clock that runs out soon, and who is to do what until then."""

    due_at: datetime
    clock: Literal["response", "solution", "callback", "obligation"]
    customer: str
    case: str
    obligation: str | None
    owes: str | None
    department: Annotated[str | None, Meta(description="Null: nobody is in charge.")]
    owner: str | None
    branch: str
    kind: str
    priority: str
    status: str


class DeadlinesDocument(Positioned):
    """A page of clocks that run out within the hours asked about, the soonest first."""

    at: datetime
    hours: int
    deadlines: list[DeadlineDocument]
    next: str | None


class CycleDocument(Document):
    """One run of a case from opening to closing; an earlier one keeps its verdict."""

    cycle: int
    opened_at: datetime
    response_met_at: datetime | None
    response_breached_at: datetime | None
    solution_met_at: datetime | None
    solution_breached_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    confirmed: bool | None
    paused_s: int


class StepDocument(Document):
    """A step of a case's history, and how the solution clock stood after it."""

    at: datetime
    what: str
    event: Annotated[str | None, Meta(description="Null: time did it.")]
    detail: str | None
    cycle: int
    solution_due_at: datetime | None
    solution_left_s: int | None


class CaseHistoryDocument(Positioned):
    """One case, explained."""

    at: datetime
    as_known: datetime | None
    case: CaseDocument
    declined_for: Annotated[str | None, Meta(description="The reason, where it was declined.")]
    cycles: list[CycleDocument]
    history: list[StepDocument]


def owners_document(reader: Reader, board: OwnersBoard) -> OwnersDocument:
    """Return the document of what is under way by owner."""
    return OwnersDocument(
        position=reader.position,
        at=reader.at,
        is_capped=board.is_capped,
        departments=[
            tell(
                DepartmentWorkDocument,
                one,
                department=one.department or None,
                owners=[
                    tell(OwnerWorkDocument, own, breached=own.late, owed_breached=own.late_owed)
                    for own in one.owners
                ],
            )
            for one in board.departments
        ],
    )


def deadline_document(one: Deadline) -> DeadlineDocument:
    """Return the document of a clock that runs out soon."""
    return tell(
        DeadlineDocument,
        one,
        obligation=one.obligation_id or None,
        department=one.department or None,
    )


def item_document(item: CaseItem) -> CaseDocument:
    """Return the document of a case on the board."""
    return _case(item.customer_id, item.row, item.obligations)


def history_document(found: CustomerAt, explained: CaseExplanation) -> CaseHistoryDocument:
    """Return the document of one case."""
    return tell(
        CaseHistoryDocument,
        explained,
        position=found.position.token(),
        at=found.at,
        as_known=found.as_known,
        case=_case(found.customer, explained.case, explained.obligations),
        history=[_step(step) for step in explained.history],
    )


def _case(customer: str, row: CaseRow, owed: Sequence[ObligationRow]) -> CaseDocument:
    return tell(
        CaseDocument,
        row,
        customer=customer,
        response=ClockDocument(
            due_at=row.response_due_at,
            provisional=row.response_provisional,
            left_s=None,
            met_at=row.response_met_at,
            breached_at=row.response_breached_at,
        ),
        solution=ClockDocument(
            due_at=row.solution_due_at,
            provisional=row.solution_provisional,
            left_s=row.solution_left_s,
            met_at=row.solution_met_at,
            breached_at=row.solution_breached_at,
        ),
        last_event=row.last_event_id,
        obligations=[tell(ObligationDocument, one) for one in owed],
    )


def _step(step: CaseStep) -> StepDocument:
    left = step.solution_left
    return tell(StepDocument, step, solution_left_s=None if left is None else left // _SECOND)
