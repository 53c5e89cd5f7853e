"""Writes a company's history into an empty log, as it would have been recorded then."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from events.envelope import BranchId
from events.partitioning import REFERENCE_PARTITION
from services.casework.by_itself import CaseworkByItself
from services.casework.memory import Ordered, record
from services.errors import Disagreement, UsageError
from services.intake.draft import Draft, Scope
from services.intake.intake import Intake
from services.log.filling import note_filling
from services.platform import Platform
from services.ports import EventLog
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.postgres.waiting import patiently
from services.simulator.batches import batches
from services.simulator.branches import BRANCHES
from services.simulator.company import NEXT_CALENDAR
from services.simulator.devices import HEADQUARTERS, Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from services.terminal import progress
from services.vault.vault import PostgresVault, branch_subject

_READ = 1_000

T = TypeVar("T")
_BRANCH_IDS = (HEADQUARTERS, *(branch.branch_id for branch in BRANCHES))


class HistoryClock:
    """Tells the time of the history: the log stamps with it what is loaded."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the instant at which the batch at hand was recorded."""
        return self.instant


class Loaded(Struct, frozen=True):
    """What a load did: `events` are all of the history, `written` those new this time."""

    plan: Plan
    events: int
    written: int


class LogState(Struct, frozen=True):
    """What a log holds of a demonstration company; `plan` is None in an empty log."""

    plan: Plan | None
    events: int
    complete: bool


async def log_state(platform: Platform) -> LogState:
    """Return how far the log is filled. Raises: UsageError if it holds something else."""
    log = platform.log
    with translated():
        events: int = await platform.pool.fetchval(sql("count_admitted"))
    if events == 0:
        return LogState(plan=None, events=0, complete=False)
    first = await log.read(REFERENCE_PARTITION, 0, 1)
    plan = Plan.from_mark(first[0].envelope.correlation_id) if first else None
    if plan is None:
        raise UsageError(
            "the log holds events that are no demonstration company's, or one's of another version "
            "of the simulator; choose an empty data directory (TOUCHSTONE_DATA) or database "
            "(TOUCHSTONE_DSN) for the demonstration"
        )
    start = 0
    while batch := await log.read(REFERENCE_PARTITION, start, _READ):
        if any(event.envelope.correlation_id == NEXT_CALENDAR for event in batch):
            return LogState(plan=plan, events=events, complete=True)
        start = batch[-1].position.n + 1
    return LogState(plan=plan, events=events, complete=False)


async def ensure_history(platform: Platform, *, customers: int = 3_000, seed: int = 7) -> Loaded:
    """Fill an empty log with a history that ends today, showing how far it is.

    An interrupted load goes on with the plan it was begun with; a complete one is left alone:
    a company keeps its size. Pages say that it is being filled until `end_filling`.
    Raises: UsageError if the log holds anything else; Unavailable.
    """
    state = await log_state(platform)
    plan = state.plan or Plan.ending_today(platform.clock.now(), seed=seed, customers=customers)
    if state.complete:
        return Loaded(plan, state.events, 0)
    days = (plan.until - plan.since).days
    with progress("days of history") as bar:
        task = bar.add_task("simulating", total=days)

        async def show(instant: datetime) -> None:
            past = (instant - plan.since).days
            bar.update(task, completed=past)
            await note_filling(platform.pool, "history", past, days)

        written = await load(platform, plan, state.events, show)
    await patiently(CaseworkByItself(platform).openings.skip)
    return Loaded(plan, state.events + written, written)


async def load(
    platform: Platform, plan: Plan, done: int, show: Callable[[datetime], Awaitable[None]]
) -> int:
    """Write the history where the log holds its first `done` events; return how many were new.

    Batches follow each other, so only the one that was interrupted is offered twice: as often as
    it takes, where the database is away.
    """
    clock = HistoryClock(plan.since)
    offered = 0
    async with platform.log.under(clock) as log:
        intake = Intake(log, platform.vault, clock, platform.pool)
        world = open_books(plan)
        # All keys at once: else a batch's branches wait for theirs and commit one by one.
        subjects = [*world.customers, *map(branch_subject, _BRANCH_IDS)]
        await patiently(lambda: platform.vault.prepare(subjects))
        coming = batches(history(world))
        batch = next(coming, None)
        while batch is not None:
            # The next batch is invented while the database commits this one.
            following = asyncio.create_task(asyncio.to_thread(next, coming, None))
            offered += len(batch)
            if offered > done:
                clock.instant = batch[-1].recorded_at
                await patiently(partial(_submit, log, platform.vault, intake, batch))
                await patiently(partial(show, clock.instant))
            batch = await following
    return max(0, offered - done)


async def _submit(
    log: EventLog, vault: PostgresVault, intake: Intake, batch: Sequence[Recording]
) -> None:
    """Submit each branch's share and what casework decided, all at once.

    What is there already changes nothing.
    """
    shares: dict[BranchId, list[Draft]] = defaultdict(list)
    ordered: list[Ordered] = []
    for recording in batch:
        draft = Draft(recording.envelope, recording.data, recording.personal)
        if recording.order is None:
            shares[recording.envelope.branch_id].append(draft)
        elif ordered and ordered[-1].order is recording.order:
            ordered[-1] = Ordered(recording.order, [*ordered[-1].events, draft])
        else:
            ordered.append(Ordered(recording.order, [draft]))
    decided = asyncio.create_task(record(log, vault, ordered))
    answers = await asyncio.gather(
        *(
            intake.submit_validated(Scope(branch_id, branch_id == HEADQUARTERS), drafts)
            for branch_id, drafts in shares.items()
        ),
        return_exceptions=True,  # all have ended before any is offered again
    )
    await decided
    for answer in chain.from_iterable(_whole(answers)):
        if answer.status == "refused":
            raise Disagreement(
                f"the gateway refused event {answer.id} of the simulation: {answer.field} "
                f"{answer.reason}"
            )


def _whole(answers: Sequence[T | BaseException]) -> Iterator[T]:
    """Yield what calls gave. Raises: what the first raised that failed."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        yield answer
