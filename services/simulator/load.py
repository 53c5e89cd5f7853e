"""Writes a company's history into an empty log, as it would have been recorded then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice

from msgspec import Struct

from events.partitioning import REFERENCE_PARTITION
from services.bootstrap import Platform
from services.cli import progress
from services.embedded.event_log import EmbeddedEventLog
from services.errors import Disagreement, UsageError
from services.gateway.intake import Draft, Intake, Refused
from services.ports import EventLog
from services.simulator.batches import batches
from services.simulator.company import NEXT_CALENDAR
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

_READ = 1_000


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


async def log_state(log: EventLog) -> LogState:
    """Return how far a log is filled. Raises: UsageError if it holds something else."""
    events = sum((await log.heads()).counts)
    if events == 0:
        return LogState(plan=None, events=0, complete=False)
    first = await log.read(REFERENCE_PARTITION, 0, 1)
    plan = Plan.from_mark(first[0].envelope.correlation_id) if first else None
    if plan is None:
        raise UsageError(
            "the log holds events that are no demonstration company's; choose an empty data "
            "directory (TOUCHSTONE_DATA) or database (TOUCHSTONE_DSN) for the demonstration"
        )
    start = 0
    while batch := await log.read(REFERENCE_PARTITION, start, _READ):
        if any(event.envelope.correlation_id == NEXT_CALENDAR for event in batch):
            return LogState(plan=plan, events=events, complete=True)
        start += len(batch)
    return LogState(plan=plan, events=events, complete=False)


async def ensure_history(platform: Platform, *, customers: int = 3_000, seed: int = 7) -> Loaded:
    """Fill an empty log with a history that ends today, showing how far it is.

    An interrupted load goes on with the plan it was begun with; a complete one is left alone.
    Raises: UsageError if the log holds anything else; Unavailable.
    """
    state = await log_state(platform.log)
    plan = state.plan or Plan.ending_today(platform.clock.now(), seed=seed, customers=customers)
    if state.complete:
        return Loaded(plan, state.events, 0)
    days = (plan.until - plan.since).days
    with progress("days of history") as bar:
        task = bar.add_task("simulating", total=days)

        def show(instant: datetime) -> None:
            bar.update(task, completed=(instant - plan.since).days)

        written = await load(platform, plan, state.events, show)
    return Loaded(plan, state.events + written, written)


async def load(platform: Platform, plan: Plan, done: int, show: Callable[[datetime], None]) -> int:
    """Write all of the history but its first `done` recordings; return how many were new.

    Batches are committed whole and in order, so that an interrupted load may go on.
    """
    clock = HistoryClock(plan.since)
    written = 0
    async with EmbeddedEventLog(platform.pool, clock) as log:
        intake = Intake(log, platform.vault, clock, platform.pool)
        for batch in batches(islice(history(open_books(plan)), done, None)):
            clock.instant = batch[-1].recorded_at
            answers = await intake.submit_validated(
                [Draft(r.envelope, r.data, r.personal) for r in batch]
            )
            for recording, answer in zip(batch, answers, strict=True):
                if isinstance(answer, Refused):
                    raise Disagreement(f"{recording.envelope.type} was refused: {answer.reason}")
            written += len(batch)
            show(clock.instant)
    return written
