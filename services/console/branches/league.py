"""The branches side by side: how fresh and whole they publish, how they serve, what is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct, field

from projections.case_board.sums import CaseSums, Kept
from services.console.imports.sources import Source, sources
from services.console.receivables.ageing import BranchBalance, balances_by_branch
from services.console.service.report import service
from services.console.shared.reading import Reader


class Promises(NamedTuple):
    """How promises to pay were kept."""

    kept: int = 0
    broken: int = 0
    live: int = 0


class Owing(Struct, frozen=True):
    """How a department kept what it owed on a branch's cases."""

    department: str
    kept: Kept


class Standing(Struct, kw_only=True):
    """One branch."""

    branch_id: str
    sources: list[Source] = field(default_factory=list)
    balances: list[BranchBalance] = field(default_factory=list)
    service: CaseSums = field(default_factory=CaseSums)
    owing: list[Owing] = field(default_factory=list)
    promises: Promises = Promises()
    refused: int = 0  # events that wait for somebody

    @property
    def last_recorded_at(self) -> datetime | None:
        """Return when anything of it was recorded last."""
        return max((one.recorded_at for one in self.sources if one.recorded_at), default=None)

    @property
    def delay_s(self) -> int | None:
        """Return how long the last event of its slowest source took to be recorded."""
        delays = [
            (one.recorded_at - one.created_at).total_seconds()
            for one in self.sources
            if one.recorded_at and one.created_at
        ]
        return int(max(0.0, *delays)) if delays else None

    @property
    def clock_error_s(self) -> int | None:
        """Return by how much the clock of the device that is most wrong is ahead."""
        told = [one.clock_error_s for one in self.sources if one.clock_error_s is not None]
        return max(told, key=abs, default=None)

    @property
    def restarted(self) -> int:
        """Return how many of its devices were installed anew, or restored from a copy."""
        return sum(one.epoch > 1 for one in self.sources)

    @property
    def missing(self) -> int:
        """Return how many numbers its sources left out."""
        return sum(one.missing for one in self.sources)

    @property
    def rows(self) -> int:
        """Return on how many cases and promises it rests."""
        return self.service.cases + sum(self.promises)

    @property
    def uncounted(self) -> int:
        """Return how many of its sources keep no counter."""
        return sum(one.sequence is None for one in self.sources)


def share(part: int, whole: int) -> Decimal | None:
    """Return a part of a whole; None of nothing."""
    return Decimal(part) / whole if whole else None


def kept_share(kept: Kept) -> Decimal | None:
    """Return what was kept in time, of all that is decided."""
    return share(kept.in_time, kept.in_time + kept.late)


async def league(
    reader: Reader, first: date, last: date, refused: Mapping[str, int]
) -> list[Standing]:
    """Return every branch that the reader may see; cases are those opened on these days.

    `refused` says how many events of each branch wait, of all branches.
    """
    found = {
        branch_id: Standing(branch_id=branch_id)
        for branch_id in reader.reference.branches
        if reader.principal.scope.holds(branch_id)
    }

    def of(branch_id: str) -> Standing:
        return found.setdefault(branch_id, Standing(branch_id=branch_id))

    for one in await sources(reader):
        of(one.branch_id).sources.append(one)
    for balance in await balances_by_branch(reader):
        of(balance.branch_id).balances.append(balance)
    for group in (await service(reader, first, last, None)).branches:
        of(group.name).service = group.sums
    for row in await reader.ask("branches/stages", first, last):
        kept = Kept(row["in_time"], row["late"], row["open"])
        of(row["branch_id"]).owing.append(Owing(row["department"], kept))
    for row in await reader.ask("branches/promises"):
        of(row["branch_id"]).promises = Promises(row["kept"], row["broken"], row["live"])
    for branch_id, standing in found.items():
        standing.refused = refused.get(branch_id, 0)
    return _ranked(found.values())


def _ranked(found: Iterable[Standing]) -> list[Standing]:
    """Return those first whose solutions were kept least, then by id; without cases last."""

    def rank(one: Standing) -> tuple[Decimal, str]:
        kept = kept_share(one.service.solutions)
        return (Decimal(2) if kept is None else kept, one.branch_id)

    return sorted(found, key=rank)
