"""Joins a batch that was taken in to the traces of the events in it, where traces are on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from events.envelope import CustomerId
from services import tracing
from services.ports import Portion
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.rows.changes import Changes

_MOST = 200
"""Events of a batch and partition that are followed: one that catches up takes thousands."""

Written = Mapping[str, Mapping[CustomerId, set[str]]]
"""By projection and customer: the tables in which rows were written."""


def written(changes: Iterable[tuple[str, Changes]]) -> Written:
    """Return of whom rows were written, by projection."""
    found: dict[str, dict[CustomerId, set[str]]] = {}
    for projection, one in changes:
        mine = found.setdefault(projection, defaultdict(set))
        for moved in (one.upserts, one.deletes):
            for table, rows in moved.items():
                for customer, _ in rows:
                    mine[customer].add(table)
    return found


async def follow(
    pool: Pool,
    generation: int,
    parts: Iterable[tuple[int, Portion]],
    rows: Written,
    begun_ns: int,
) -> None:
    """Tell each event's trace that it was taken in, and which rows that changed."""
    for partition, portion in parts:
        with translated():
            traced = await pool.fetch(
                sql("traced_events"),
                generation, partition, portion.upto - portion.events, portion.upto, _MOST,
            )  # fmt: skip
        for event in traced:
            for projection, tables in rows.items():
                tracing.happened(
                    f"project {projection}",
                    event["traceparent"],
                    begun_ns,
                    {
                        "touchstone.event_id": str(event["event_id"]),
                        "touchstone.projection": projection,
                        "touchstone.partition": partition,
                        "touchstone.rows": sorted(tables.get(event["customer_id"], ())),
                    },
                )
