"""What a filter finds, by the rows of one state."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from events.envelope import PositionVector
from events.policy import Reference
from projections.case_board.projection import CaseBoard
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from services.casework.bulk.asking import MOST_ITEMS, Found, Item
from services.casework.filters import CaseFilter, ItemFilter, cases_meant, items_meant
from services.casework.parts import CaseworkPlatform
from services.people.principal import Scope
from services.postgres.pool import translated
from services.postgres.question import Question
from services.postgres.statements import sql
from services.rows.guards import can_enter, entering
from services.rows.projection_store import ProjectionStore
from services.rows.row_tables import scoped_tables

_BOARD, _RECEIVABLES = CaseBoard(), Receivables()


async def found(platform: CaseworkPlatform, scope: Scope, where: CaseFilter | ItemFilter) -> Found:
    """Return the cases, or the customers, that a filter finds in a scope: one too many at most.

    Raises: Unavailable.
    """
    if isinstance(where, CaseFilter):
        obligations = scoped_tables([_BOARD], scope.branches)["obligations"]
        question = cases_meant(where, obligations)
        return await _found(platform, scope, _BOARD, "cases_found", question)
    return await _found(platform, scope, _RECEIVABLES, "customers_found", items_meant(where))


class UnknownName(NamedTuple):
    """A name in a filter that reference data do not know, and those of its kind that they do."""

    field: Literal["department", "branch", "owner"]
    name: str
    known: Collection[str]


def unknown_name(where: CaseFilter | ItemFilter, reference: Reference) -> UnknownName | None:
    """Return the first name in a filter that nobody has set; None: there is none.

    Cases and items of other systems may bear such names, so it is a slip only if nothing is found.
    """
    branches = where.branch_id if isinstance(where.branch_id, tuple) else (where.branch_id or "",)
    named = [UnknownName("branch", one, reference.branches) for one in branches]
    if isinstance(where, CaseFilter):
        named += [
            UnknownName("department", where.department or "", reference.departments),
            UnknownName("owner", where.owner or "", reference.staff),
        ]
    return next((one for one in named if one.name and one.name not in one.known), None)


async def _found(
    platform: CaseworkPlatform, scope: Scope, projection: Projection, name: str, question: Question
) -> Found:
    heads = await platform.log.heads()
    store = ProjectionStore(projection, heads.generation)
    tables = scoped_tables([projection], scope.branches)
    limit = question.add(MOST_ITEMS + 1)
    statement = sql(name).format(conditions=question.where, limit=limit, **tables)
    with translated():
        async with (
            platform.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            taken_in = await store.taken_in(connection)
            if scope.branches is not None and await can_enter(connection):
                await connection.execute(entering(scope.branches))
            rows = await connection.fetch(statement, *question.parameters)
    counts = tuple(taken_in.get(n, 0) for n in range(len(heads.counts)))
    return Found([Item(row[0]) for row in rows], PositionVector(heads.generation, counts).token())
