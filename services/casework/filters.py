"""Which cases or customers are meant: conditions of filters, for lists and bulks of commands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct, field

from events.policy import Reference
from events.touchpoints.base import Key
from services.casework.ages import keep_ages, spans_of, todays
from services.postgres.question import Question

Status = Literal["open", "waiting", "resolved"]
Priority = Literal["urgent", "high", "medium", "low"]
Breach = Literal["any", "none", "response", "solution", "obligation"]

_OWED = (
    "SELECT 1 FROM {obligations} o WHERE o.customer_id = c.customer_id "
    "AND o.case_id = c.case_id AND o.status = 'open'"
)


_MOST = 200
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Level = Annotated[int, Meta(ge=-1, le=3)]
Bucket = Annotated[int, Meta(ge=0, le=99)]
Keys = Annotated[tuple[Key, ...], Meta(min_length=1, max_length=_MOST)]
Statuses = Annotated[tuple[Status, ...], Meta(min_length=1, max_length=_MOST)]
Priorities = Annotated[tuple[Priority, ...], Meta(min_length=1, max_length=_MOST)]
Breaches = Annotated[tuple[Breach, ...], Meta(min_length=1, max_length=_MOST)]
Currencies = Annotated[tuple[CurrencyCode, ...], Meta(min_length=1, max_length=_MOST)]
Levels = Annotated[tuple[Level, ...], Meta(min_length=1, max_length=_MOST)]
Buckets = Annotated[tuple[Bucket, ...], Meta(min_length=1, max_length=_MOST)]

V = TypeVar("V")


class CaseFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which cases: None means any, several either; without a status those under way."""

    status: Status | Statuses | None = None  # under way: open or waiting
    department: Key | Keys | None = None  # in charge, or owing something
    breach: Breach | Breaches | None = None  # `obligation`: of a department, still owed
    priority: Priority | Priorities | None = None
    branch_id: Key | Keys | None = field(default=None, name="branch")
    owner: Key | Keys | None = None  # whose case it is, or who owes something on it
    unassigned: bool = False  # or nobody's
    put_off: bool = False  # until an instant that is still to come

    @property
    def is_resolved(self) -> bool:
        """Return whether only what is resolved is meant: the call-back is what is due."""
        return set(several(self.status)) == {"resolved"}


class ItemFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which open items, or the customers who have one of them: None means any, several either."""

    branch_id: Key | Keys | None = field(default=None, name="branch")
    currency: CurrencyCode | Currencies | None = None
    level: Level | Levels | None = None  # dunning level sent; -1: none was
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None
    overdue: bool = False  # at least a day past due
    bucket: Bucket | Buckets | None = None  # of the ageing policy in force, from 0
    promise_due: bool = False  # promised for today or before, where the customer is at home


def several(value: V | tuple[V, ...] | None) -> tuple[V, ...]:
    """Return the values of a field that holds one, several or none."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def among(question: Question, column: str, sql_type: str, value: str | tuple[object, ...]) -> str:
    """Return the condition that a column holds a value, or one of several."""
    values = value if isinstance(value, tuple) else (value,)
    if len(values) == 1:
        return f"{column} = {question.add(values[0])}::{sql_type}"
    return f"{column} = ANY({question.add(list(values))}::{sql_type}[])"


def cases_meant(wanted: CaseFilter, obligations: str, at: datetime) -> Question:
    """Return the conditions on cases `c` at an instant; `obligations` is the table of debts."""
    question = Question()
    owed = _OWED.format(obligations=obligations)
    question.conditions.append(_standing(question, several(wanted.status)))
    _in_hands(question, wanted, owed)
    if wanted.priority is not None:
        question.conditions.append(among(question, "c.priority", "text", wanted.priority))
    if wanted.branch_id is not None:
        question.conditions.append(among(question, "c.branch_id", "text", wanted.branch_id))
    if wanted.breach is not None:
        breaches: tuple[Breach, ...] = several(wanted.breach)
        breached = [_breach(one, owed) for one in breaches]
        question.conditions.append(f"({' OR '.join(breached)})")
    if wanted.put_off:
        question.conditions.append(f"c.put_off_until > {question.add(at)}")
    return question


def _standing(question: Question, statuses: tuple[Status, ...]) -> str:
    """Return the condition on how cases stand, in the words of the indexes."""
    under_way = tuple(one for one in statuses if one != "resolved")
    found = []
    if under_way or not statuses:
        found.append("c.status IN ('open', 'waiting')")
    if len(set(under_way)) == 1:
        found[0] += f" AND c.status = {question.add(under_way[0])}"
    if "resolved" in statuses:
        found.append("c.status = 'resolved'")
    return f"({' OR '.join(found)})"


def _in_hands(question: Question, wanted: CaseFilter, owed: str) -> None:
    """Keep cases that a department or somebody has in hand, or owes something on."""
    case, obligation = [], []
    if wanted.department is not None:
        case.append(among(question, "c.department", "text", wanted.department))
        obligation.append(among(question, "o.department", "text", wanted.department))
    if wanted.owner is not None:
        case.append(among(question, "c.owner", "text", wanted.owner))
        obligation.append(among(question, "o.agent", "text", wanted.owner))
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


def items_meant(wanted: ItemFilter, reference: Reference, at: datetime) -> Question:
    """Return the conditions on open items `i` at an instant. Raises: NoSuchBucket."""
    question = Question()
    for column, value in (("branch_id", wanted.branch_id), ("currency", wanted.currency)):
        if value is not None:
            question.conditions.append(among(question, f"i.{column}", "text", value))
    if wanted.level is not None:
        order = "-coalesce(i.dunning_level, -1)"  # the index's own words
        negative = tuple(-level for level in several(wanted.level))
        question.conditions.append(among(question, order, "bigint", negative))
    # Without parameters, so that the small indexes of such items apply.
    if wanted.disputed is not None:
        question.conditions.append("i.disputed" if wanted.disputed else "NOT i.disputed")
    for column, present in (("hold", wanted.held), ("promised_on", wanted.promised)):
        if present is not None:
            question.conditions.append(f"i.{column} IS {'NOT ' if present else ''}NULL")
    spans = spans_of(several(wanted.bucket), reference, at, overdue=wanted.overdue)
    if spans is not None or wanted.promise_due:
        keep_ages(question, spans, todays(reference, at), promise_due=wanted.promise_due)
    return question
