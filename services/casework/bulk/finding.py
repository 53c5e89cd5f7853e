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
from services.casework.filters import CaseFilter, ItemFilter, cases_meant, items_meant, several
from services.casework.parts import CaseworkPlatform
from services.people.principal import Scope
from services.postgres.pool import translated
from services.postgres.question import Question
from services.postgres.statements import sql
from services.rows.guards import can_enter, entering
from services.rows.projection_store import ProjectionStore
from services.rows.row_tables import scoped_tables

_BOARD, _RECEIVABLES = CaseBoard(), Receivables()


async def found(
    platform: CaseworkPlatform, scope: Scope, where: CaseFilter | ItemFilter, reference: Reference
) -> Found:
    """Return the cases, or the customers, that a filter finds in a scope: one too many at most.

    Raises: Unavailable, NoSuchBucket.
    """
    at = platform.clock.now()
    if isinstance(where, CaseFilter):
        obligations = scoped_tables([_BOARD], scope.branches)["obligations"]
        question = cases_meant(where, obligations, at)
        return await _found(platform, scope, _BOARD, "cases_found", question)
    question = items_meant(where, reference, at)
    return await _found(platform, scope, _RECEIVABLES, "customers_found", question)


class UnknownName(NamedTuple):
    """A name in a filter that reference data do not know, and those of its kind that they do."""

    field: Literal["department", "branch", "owner"]
    name: str
    known: Collection[str]


def unknown_name(where: CaseFilter | ItemFilter, reference: Reference) -> UnknownName | None:
    """Return the first name in a filter that nobody has set; None: there is none.

    Cases and items of other systems may bear such names, so it is a slip only if nothing is found.
    """
    named = [UnknownName("branch", one, reference.branches) for one in several(where.branch_id)]
    if isinstance(where, CaseFilter):
        departments, staff = reference.departments, reference.staff
        named += [UnknownName("department", one, departments) for one in several(where.department)]
        named += [UnknownName("owner", one, staff) for one in several(where.owner)]
    return next((one for one in named if one.name not in one.known), None)


async def _found(
    platform: CaseworkPlatform, scope: Scope, projection: Projection, name: str, question: Question
) -> Found:
    heads = await platform.log.heads()
    store = ProjectionStore(projection, heads.generation)
    tables = scoped_tables([projection], scope.branches)
    limit = question.add(MOST_ITEMS + 1)
    statement = sql(name).format(
        joins=question.joins, conditions=question.where, limit=limit, **tables
    )
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
