"""The report on service as of now, from the rows of cases that were opened on some days.

It is what `touchstone report service` recomputes from the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import asyncpg
from msgspec import Struct

from projections.case_board.sums import (
    CaseSums,
    DepartmentHours,
    DriverScores,
    GroupService,
    Hours,
    Kept,
    Scores,
    StageService,
    StageSums,
)
from services.console.shared.reading import Reader


class Service(Struct, frozen=True, kw_only=True):
    """How cases went that were opened from `first` through `last`, each on its branch's day."""

    first: date
    last: date
    branch_id: str | None
    company: CaseSums
    departments: list[GroupService]
    branches: list[GroupService]
    stages: list[StageService]
    hours: list[DepartmentHours]
    drivers: list[DriverScores]


async def service(reader: Reader, first: date, last: date, branch_id: str | None) -> Service:
    """Return the report of some days, of one branch or of all."""

    async def ask(name: str) -> list[asyncpg.Record]:
        return await reader.ask(f"service/{name}", first, last, branch_id)

    departments: dict[str, CaseSums] = {}
    branches: dict[str, CaseSums] = {}
    company = CaseSums()
    answers = await ask("answers")
    scores: dict[str, Scores] = {}
    for row in answers:
        if row["about"] == "driver":
            scores.setdefault(row["name"], Scores()).take_in(Scores(row["answers"], row["total"]))
    for row in (*await ask("cases"), *await ask("deadlines_kept"), *answers):
        part = _sums(row)
        for sums in (
            departments.setdefault(row["department"], CaseSums()),
            branches.setdefault(row["branch_id"], CaseSums()),
            company,
        ):
            sums.take_in(part)
    return Service(
        first=first,
        last=last,
        branch_id=branch_id,
        company=company,
        departments=_groups(departments.items()),
        branches=_groups(branches.items()),
        stages=[_stage(row) for row in await ask("stages")],
        hours=[
            DepartmentHours(row["department"], Hours(row["cases"], row["held_s"]))
            for row in await ask("hours")
        ],
        drivers=[DriverScores(*pair) for pair in sorted(scores.items())],
    )


def _groups(found: Iterable[tuple[str, CaseSums]]) -> list[GroupService]:
    return [GroupService(*pair) for pair in sorted(found, key=lambda pair: pair[0])]


def _sums(row: asyncpg.Record) -> CaseSums:
    """Return a row's share: of cases, of their deadlines, or of calls about them."""
    if "cases" in row:
        return CaseSums(**{name: row[name] for name in CaseSums.__struct_fields__ if name in row})
    if "about" not in row:
        return CaseSums(answers=_kept(row, "answers_"), solutions=_kept(row, "solutions_"))
    sums = CaseSums()
    if row["about"] == "outcome":
        sums.count_calls(row["name"], row["answers"])
    return sums


def _kept(row: asyncpg.Record, prefix: str = "") -> Kept:
    return Kept(row[f"{prefix}in_time"], row[f"{prefix}late"], row[f"{prefix}open"])


def _stage(row: asyncpg.Record) -> StageService:
    sums = StageSums(_kept(row), row["not_needed"], row["late_s"])
    return StageService(row["flow"], row["stage"], row["department"], sums)
