"""Cases to look after, the most urgent first, and where a single case is.

What is under way comes by its solution's deadline, cases whose clock stands still last; what is
resolved comes by the deadline of its call-back. A closed case is found by its id or customer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import asyncpg
from msgspec import Struct, structs

from events.envelope import CustomerId
from projections.case_board.rows import CaseRow, ObligationRow
from projections.protocol import Row
from services.casework.filters import CaseFilter, cases_meant, several
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, PlaceValue, walk
from services.console.shared.paging import Page
from services.console.shared.reading import Reader
from services.postgres.question import Question

CAP = 10_000

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_NEVER = f"TIMESTAMPTZ '{NEVER.isoformat()}'"
"""Where a case stands in the list whose clock does not run: behind all others."""

_CUSTOMER, _CASE = Key("c.customer_id", "text"), Key("c.case_id", "text")

R = TypeVar("R", bound=Row)


class CaseItem(Struct, frozen=True):
    """A case, whose it is, and what departments still owe on it."""

    customer_id: str
    row: CaseRow
    obligations: tuple[ObligationRow, ...]


async def cases(
    reader: Reader, wanted: CaseFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[CaseItem]:
    """Return a page of cases. Raises: BadCursor.

    What has a deadline and what has none are read apart, along an index each, and of several
    branches each by itself: no more is looked at than the page.
    """
    deadline = "callback_due_at" if wanted.is_resolved else "solution_due_at"
    order = Order((Key(f"coalesce(c.{deadline}, {_NEVER})", "timestamptz"), _CUSTOMER, _CASE))
    way = walk(order, limit, signer, repr(wanted), cursor)
    question = _question(reader, structs.replace(wanted, branch_id=None))
    shown = question.add(limit + 1)
    branches = [f"c.branch_id = {question.add(one)}" for one in several(wanted.branch_id)]
    arm = reader.statements.filled("SELECT c.* FROM {cases} c")
    read = []
    for is_there, due in (("IS NOT NULL", f"c.{deadline}"), ("IS NULL", _NEVER)):
        part = way.over((Key(due, "timestamptz"), _CUSTOMER, _CASE))
        terms = [question.where, f"c.{deadline} {is_there}", *part.beyond(question)]
        where = " AND ".join(terms)
        # What none of them has orders nothing, and leads along the index of open cases alone.
        sorting = part.sorting.replace(_NEVER, f"c.{deadline}")
        read += [
            f"({arm} WHERE {where} AND {one} ORDER BY {sorting} LIMIT {shown})"
            for one in branches or ["true"]
        ]
    statement = reader.statements.sql(
        "cases/cases", arms=" UNION ALL ".join(read), order=way.sorting, limit=shown
    )
    rows = await reader.fetch(statement, *question.parameters)
    return way.page(await _with_obligations(reader, rows), lambda item: _place(item, deadline))


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


def _question(reader: Reader, wanted: CaseFilter) -> Question:
    return cases_meant(wanted, reader.statements.filled("{obligations}"), reader.at)


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


def _place(item: CaseItem, deadline: str) -> tuple[PlaceValue, ...]:
    return (getattr(item.row, deadline) or NEVER, item.customer_id, item.row.case_id)
