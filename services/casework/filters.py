"""Which cases are meant: conditions of a filter, for lists and for bulks of commands."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from events.touchpoints.base import Key
from services.postgres.question import Question

Status = Literal["open", "waiting", "resolved"]
Priority = Literal["urgent", "high", "medium", "low"]
Breach = Literal["any", "none", "response", "solution", "obligation"]

_OWED = (
    "SELECT 1 FROM {obligations} o WHERE o.customer_id = c.customer_id "
    "AND o.case_id = c.case_id AND o.status = 'open'"
)


class CaseFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which cases: None means any; without a status those under way, open or waiting."""

    status: Status | None = None
    department: Key | None = None  # in charge, or owing something
    breach: Breach | None = None  # `obligation`: of a department, still owed
    priority: Priority | None = None
    branch_id: Key | None = field(default=None, name="branch")


def cases_meant(wanted: CaseFilter, obligations: str) -> Question:
    """Return the conditions on cases `c`; `obligations` is the table of what is owed on them."""
    question = Question()
    owed = _OWED.format(obligations=obligations)
    match wanted.status:
        case None:
            question.conditions.append("c.status IN ('open', 'waiting')")
        case "open" | "waiting":
            question.conditions.append("c.status IN ('open', 'waiting')")  # the index's own words
            question.conditions.append(f"c.status = {question.add(wanted.status)}")
        case "resolved":
            question.conditions.append("c.status = 'resolved'")
    if wanted.department is not None:
        department = question.add(wanted.department)
        question.conditions.append(
            f"(c.department = {department} OR EXISTS ({owed} AND o.department = {department}))"
        )
    if wanted.priority is not None:
        question.conditions.append(f"c.priority = {question.add(wanted.priority)}")
    if wanted.branch_id is not None:
        question.conditions.append(f"c.branch_id = {question.add(wanted.branch_id)}")
    if wanted.breach is not None:
        question.conditions.append(_breach(wanted.breach, owed))
    return question


def _breach(breach: Breach, owed: str) -> str:
    response, solution = "c.response_breached_at IS NOT NULL", "c.solution_breached_at IS NOT NULL"
    obligation = f"EXISTS ({owed} AND o.breached_at IS NOT NULL)"
    match breach:
        case "response":
            return response
        case "solution":
            return solution
        case "obligation":
            return obligation
        case "any":
            return f"({response} OR {solution} OR {obligation})"
        case "none":
            return f"NOT ({response} OR {solution} OR {obligation})"
