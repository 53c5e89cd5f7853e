"""Which cases or customers are meant: conditions of filters, for lists and bulks of commands."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

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
    owner: Key | None = None  # whose case it is, or who owes something on it
    unassigned: bool = False  # or nobody's


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
    _in_hands(question, wanted, owed)
    if wanted.priority is not None:
        question.conditions.append(f"c.priority = {question.add(wanted.priority)}")
    if wanted.branch_id is not None:
        question.conditions.append(f"c.branch_id = {question.add(wanted.branch_id)}")
    if wanted.breach is not None:
        question.conditions.append(_breach(wanted.breach, owed))
    return question


def _in_hands(question: Question, wanted: CaseFilter, owed: str) -> None:
    """Keep cases that a department or somebody has in hand, or owes something on."""
    case, obligation = [], []
    if wanted.department is not None:
        department = question.add(wanted.department)
        case.append(f"c.department = {department}")
        obligation.append(f"o.department = {department}")
    if wanted.owner is not None:
        owner = question.add(wanted.owner)
        case.append(f"c.owner = {owner}")
        obligation.append(f"o.agent = {owner}")
    if wanted.unassigned:
        case.append("c.owner IS NULL")
        obligation.append("o.agent IS NULL")
    if case:
        either = (" AND ".join(case), f"EXISTS ({' AND '.join([owed, *obligation])})")
        question.conditions.append(f"({' OR '.join(either)})")


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


CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Level = Annotated[int, Meta(ge=-1, le=3)]

_MOST = 200
Keys = Annotated[tuple[Key, ...], Meta(min_length=1, max_length=_MOST)]
Currencies = Annotated[tuple[CurrencyCode, ...], Meta(min_length=1, max_length=_MOST)]
Levels = Annotated[tuple[Level, ...], Meta(min_length=1, max_length=_MOST)]


class ItemFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which open items, or the customers who have one of them: None means any, several: either."""

    branch_id: Key | Keys | None = field(default=None, name="branch")
    currency: CurrencyCode | Currencies | None = None
    level: Level | Levels | None = None  # dunning level sent; -1: none was
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None


def among(question: Question, column: str, sql_type: str, value: str | tuple[object, ...]) -> str:
    """Return the condition that a column holds a value, or one of several."""
    if isinstance(value, str):
        return f"{column} = {question.add(value)}"
    if len(value) == 1:
        return f"{column} = {question.add(value[0])}::{sql_type}"
    return f"{column} = ANY({question.add(list(value))}::{sql_type}[])"


def items_meant(wanted: ItemFilter) -> Question:
    """Return the conditions on open items `i`."""
    question = Question()
    for column, value in (("branch_id", wanted.branch_id), ("currency", wanted.currency)):
        if value is not None:
            question.conditions.append(among(question, f"i.{column}", "text", value))
    if wanted.level is not None:
        levels = wanted.level if isinstance(wanted.level, tuple) else (wanted.level,)
        order = "-coalesce(i.dunning_level, -1)"  # the index's own words
        negative = tuple(-level for level in levels)
        question.conditions.append(among(question, order, "bigint", negative))
    # Without parameters, so that the small indexes of such items apply.
    if wanted.disputed is not None:
        question.conditions.append("i.disputed" if wanted.disputed else "NOT i.disputed")
    for column, present in (("hold", wanted.held), ("promised_on", wanted.promised)):
        if present is not None:
            question.conditions.append(f"i.{column} IS {'NOT ' if present else ''}NULL")
    return question
