"""Cases to look after, the most urgent first, and where a single case is.

What is under way comes by its solution's deadline, cases whose clock stands still last; what is
resolved comes by the deadline of its call-back. A closed case is found by its id or customer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeVar

import asyncpg
from msgspec import Struct

from events.envelope import CustomerId
from projections.case_board.rows import CaseRow, ObligationRow
from projections.protocol import Row
from services.casework.filters import CaseFilter, cases_meant
from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader
from services.postgres.question import Question

CAP = 10_000

R = TypeVar("R", bound=Row)


class CaseItem(Struct, frozen=True):
    """A case, whose it is, and what departments still owe on it."""

    customer_id: str
    row: CaseRow
    obligations: tuple[ObligationRow, ...]


async def cases(
    reader: Reader, wanted: CaseFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[CaseItem]:
    """Return a page of cases. Raises: BadCursor."""
    query = repr(wanted)
    deadline = _deadline(wanted)
    due, customer_id, case_id = "", "", ""
    if cursor is not None:
        due, customer_id, case_id = (str(v) for v in signer.open(query, cursor, (str, str, str)))
    rows: list[asyncpg.Record] = []
    if due or cursor is None:
        dated = _question(reader, wanted)
        dated.conditions.append(f"c.{deadline} IS NOT NULL")
        if cursor is not None:
            place = (
                dated.add(datetime.fromisoformat(due)),
                dated.add(customer_id),
                dated.add(case_id),
            )
            dated.conditions.append(
                f"(c.{deadline}, c.customer_id, c.case_id) > ({', '.join(place)})"
            )
        order = f"c.{deadline}, c.customer_id, c.case_id"
        rows = await _rows(reader, dated, order, limit + 1)
    if len(rows) <= limit:
        rows += await _undated(
            reader,
            wanted,
            limit + 1 - len(rows),
            (customer_id, case_id) if cursor and not due else None,
        )
    items = await _with_obligations(reader, rows)
    return page_of(items, limit, lambda last: signer.seal(query, _place(last, deadline)))


async def count_cases(reader: Reader, wanted: CaseFilter, cap: int = CAP) -> int:
    """Return how many cases the filter finds, counted up to one above a cap."""
    question = _question(reader, wanted)
    limit = question.add(cap + 1)
    statement = reader.statements.sql("cases/count_cases", conditions=question.where, limit=limit)
    return await reader.count(statement, *question.parameters)


async def case_ids(reader: Reader, wanted: CaseFilter, most: int) -> list[str]:
    """Return the cases that the filter finds, all of them up to a number."""
    question = _question(reader, wanted)
    limit = question.add(most)
    statement = reader.statements.sql("cases/cases_found", conditions=question.where, limit=limit)
    return [row["case_id"] for row in await reader.fetch(statement, *question.parameters)]


async def customer_of_case(reader: Reader, case_id: str) -> CustomerId | None:
    """Return whose case it is; None: there is no such case."""
    rows = await reader.ask("cases/customer_of_case", case_id)
    return CustomerId(rows[0]["customer_id"]) if rows else None


async def _undated(
    reader: Reader, wanted: CaseFilter, limit: int, after: tuple[str, str] | None
) -> list[asyncpg.Record]:
    """Return cases without a deadline, behind a customer and case."""
    question = _question(reader, wanted)
    question.conditions.append(f"c.{_deadline(wanted)} IS NULL")
    if after is not None:
        place = (question.add(after[0]), question.add(after[1]))
        question.conditions.append(f"(c.customer_id, c.case_id) > ({', '.join(place)})")
    # Also by the deadline that none has: in the order of the index, which holds open cases alone.
    order = f"c.{_deadline(wanted)}, c.customer_id, c.case_id"
    return await _rows(reader, question, order, limit)


async def _rows(reader: Reader, question: Question, order: str, limit: int) -> list[asyncpg.Record]:
    shown = question.add(limit)
    statement = reader.statements.sql(
        "cases/cases", conditions=question.where, order=order, limit=shown
    )
    return await reader.fetch(statement, *question.parameters)


def _question(reader: Reader, wanted: CaseFilter) -> Question:
    return cases_meant(wanted, reader.statements.filled("{obligations}"))


async def _with_obligations(reader: Reader, rows: Sequence[asyncpg.Record]) -> list[CaseItem]:
    owed: dict[tuple[str, str], list[ObligationRow]] = defaultdict(list)
    found = await reader.ask(
        "cases/open_obligations",
        [row["customer_id"] for row in rows],
        [row["case_id"] for row in rows],
    )
    for row in found:
        owed[row["customer_id"], row["case_id"]].append(_struct(ObligationRow, row))
    return [
        CaseItem(
            row["customer_id"],
            _struct(CaseRow, row),
            tuple(owed[row["customer_id"], row["case_id"]]),
        )
        for row in rows
    ]


def _struct(kind: type[R], row: asyncpg.Record) -> R:
    return kind(**{name: row[name] for name in kind.__struct_fields__})


def _deadline(wanted: CaseFilter) -> Literal["callback_due_at", "solution_due_at"]:
    return "callback_due_at" if wanted.status == "resolved" else "solution_due_at"


def _place(item: CaseItem, deadline: str) -> tuple[str, str, str]:
    due: datetime | None = getattr(item.row, deadline)
    return (due.isoformat() if due else "", item.customer_id, item.row.case_id)
