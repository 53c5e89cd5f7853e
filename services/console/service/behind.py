"""The cases behind a figure of the report on service: each with what it adds to the figure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import Field

from services.console.service.parameters import ServiceParameters
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, walk
from services.console.shared.paging import Page
from services.console.shared.parameters import Cursor, Identifier
from services.console.shared.reading import Reader
from services.postgres.question import Question

Figure = Literal[
    "cases", "under_way", "first_contact",
    "answers_in_time", "answers_late", "answers",
    "solutions_in_time", "solutions_late", "solutions",
    "handovers", "returns", "department_handovers", "department_returns", "reopened",
    "satisfied", "dissatisfied", "unreachable", "reached", "driver",
    "held", "held_hours",
    "stage_in_time", "stage_late", "stage_open", "stage_not_needed", "stage_late_hours", "stage",
]  # fmt: skip

HOURS: frozenset[Figure] = frozenset({"held_hours", "stage_late_hours"})
"""Figures that are working time, in seconds, instead of a count."""

_CYCLES = "FROM {{cycles}} y WHERE y.customer_id = c.customer_id AND y.case_id = c.case_id AND {}"
_IN_TIME = "y.{0}_met_at IS NOT NULL AND y.{0}_breached_at IS NULL"
_LATE = "y.{0}_breached_at IS NOT NULL"
_CALLS = (
    "SELECT coalesce(sum(s.answers), 0) FROM {answers} s "
    "WHERE s.customer_id = c.customer_id AND s.case_id = c.case_id AND "
)
_OWED = "FROM {obligations} o WHERE o.customer_id = c.customer_id AND o.case_id = c.case_id AND "
_HELD = "FROM {departments} d WHERE d.customer_id = c.customer_id AND d.case_id = c.case_id AND "


def _cycles(condition: str) -> str:
    return "SELECT count(*) " + _CYCLES.format(condition)


def _kept(clock: str) -> Mapping[str, str]:
    in_time, late = _IN_TIME.format(clock), _LATE.format(clock)
    return {
        "in_time": _cycles(in_time),
        "late": _cycles(late),
        "": _cycles(f"({in_time} OR {late})"),
    }


_ANSWERS, _SOLUTIONS = _kept("response"), _kept("solution")

_AMOUNTS: Mapping[Figure, str] = {
    "cases": "1",
    "under_way": "CASE WHEN c.status IN ('open', 'waiting') THEN 1 END",
    "first_contact": "CASE WHEN c.first_contact THEN 1 END",
    "answers_in_time": _ANSWERS["in_time"],
    "answers_late": _ANSWERS["late"],
    "answers": _ANSWERS[""],
    "solutions_in_time": _SOLUTIONS["in_time"],
    "solutions_late": _SOLUTIONS["late"],
    "solutions": _SOLUTIONS[""],
    "handovers": "c.handovers",
    "returns": "c.returns",
    "department_handovers": "c.department_handovers",
    "department_returns": "c.department_returns",
    "reopened": "c.reopened",
    "satisfied": _CALLS + "s.about = 'outcome' AND s.name = 'satisfied'",
    "dissatisfied": _CALLS + "s.about = 'outcome' AND s.name = 'dissatisfied'",
    "unreachable": _CALLS + "s.about = 'outcome' AND s.name = 'unreachable'",
    "reached": _CALLS + "s.about = 'outcome' AND s.name IN ('satisfied', 'dissatisfied')",
    "driver": _CALLS + "s.about = 'driver' AND s.name = {driver}",
    "held": "SELECT count(*) " + _HELD + "d.department = {department}",
    "held_hours": "SELECT sum(d.held_s) " + _HELD + "d.department = {department}",
    "stage_in_time": "SELECT count(*) " + _OWED + "{owed} AND o.done_at IS NOT NULL "
    "AND o.breached_at IS NULL",
    "stage_late": "SELECT count(*) " + _OWED + "{owed} AND o.breached_at IS NOT NULL",
    "stage_open": "SELECT count(*) " + _OWED + "{owed} AND o.status = 'open' "
    "AND o.breached_at IS NULL",
    "stage_not_needed": "SELECT count(*) " + _OWED + "{owed} AND o.status = 'void' "
    "AND o.breached_at IS NULL",
    "stage_late_hours": "SELECT sum(o.late_s) " + _OWED + "{owed}",
    "stage": "SELECT count(*) " + _OWED + "{owed} AND (o.breached_at IS NOT NULL "
    "OR o.done_at IS NOT NULL)",
}
"""What a case adds to each figure; a share is of the cases that it divides by."""

_LATEST_FIRST = Order(
    (
        Key("c.opened_at", "timestamptz"),
        Key("c.customer_id", "text"),
        Key("c.case_id", "text"),
    ),
    reverse=True,
)


class BehindParameters(ServiceParameters):
    """Which figure, and of whom: without a department and a branch of the whole company."""

    figure: Figure = "cases"
    department: Identifier | None = None
    nobody: Annotated[bool, Field(description="Of what no department is in charge of.")] = False
    flow: Identifier | None = None
    stage: Identifier | None = None
    driver: Identifier | None = None
    cursor: Cursor | None = None

    @property
    def in_hours(self) -> bool:
        """Return whether the figure is working time."""
        return self.figure in HOURS


class CaseBehind(Struct, frozen=True):
    """A case, and what it adds to the figure."""

    customer_id: str
    case_id: str
    kind: str
    category: str | None
    status: str
    department: str | None
    branch_id: str
    opened_at: datetime
    amount: int


class Behind(Struct, frozen=True):
    """A page of the cases behind a figure, how many there are in all, and what they come to."""

    page: Page[CaseBehind]
    cases: int
    amount: int


async def behind(
    reader: Reader, asked: BehindParameters, first: date, last: date, limit: int,
    signer: CursorSigner,
) -> Behind:  # fmt: skip
    """Return the cases of the days that a figure counts, the latest first. Raises: BadCursor."""
    place = walk(_LATEST_FIRST, limit, signer, _query(asked, first, last), asked.cursor)
    question, amount = _question(reader, asked, first, last)
    sums = reader.statements.sql("service/behind_sums", amount=amount, conditions=question.where)
    [total] = await reader.fetch(sums, *question.parameters)
    place.go_on(question)
    conditions = question.where
    statement = reader.statements.sql(
        "service/behind",
        amount=amount,
        conditions=conditions,
        order=place.sorting,
        limit=question.add(limit + 1),
    )
    rows = await reader.fetch(statement, *question.parameters)
    found = [CaseBehind(**dict(row.items())) for row in rows]
    page = place.page(found, lambda one: (one.opened_at, one.customer_id, one.case_id))
    return Behind(page, total["cases"], total["amount"])


def _query(asked: BehindParameters, first: date, last: date) -> str:
    whose = (asked.branch, asked.department, asked.nobody, asked.flow, asked.stage, asked.driver)
    return repr(("behind", asked.figure, first, last, *whose))


def _question(
    reader: Reader, asked: BehindParameters, first: date, last: date
) -> tuple[Question, str]:
    """Return which cases are meant, and what each adds to the figure."""
    question = Question()
    question.conditions.append(
        f"c.opened_on BETWEEN {question.add(first)} AND {question.add(last)}"
    )
    if asked.branch is not None:
        question.conditions.append(f"c.branch_id = {question.add(asked.branch)}")
    parts = {"driver": "", "department": "", "owed": ""}
    if asked.figure == "driver":
        parts["driver"] = question.add(asked.driver or "")
    elif asked.figure.startswith("stage"):
        parts["owed"] = _owed(question, asked)
    elif asked.figure in ("held", "held_hours"):
        parts["department"] = question.add(asked.department or "")
    elif asked.nobody:
        question.conditions.append("c.department IS NULL")
    elif asked.department is not None:
        question.conditions.append(f"c.department = {question.add(asked.department)}")
    template = _AMOUNTS[asked.figure]
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", value)
    return question, reader.statements.filled(template)


def _owed(question: Question, asked: BehindParameters) -> str:
    """Return the condition on what is owed `o`; without a stage it was handed off by somebody."""
    owed = [f"o.department = {question.add(asked.department or '')}"]
    if asked.stage is None:
        owed.append("o.stage IS NULL")
    else:
        owed.append(f"o.stage = {question.add(asked.stage)}")
        owed.append(f"coalesce(c.flow, '') = {question.add(asked.flow or '')}")
    return " AND ".join(owed)
