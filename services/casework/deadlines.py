"""A share of a clock's time is spent: the escalation is told, once, by itself, restart-safe.

The alert journal says what was reached; each line of a case of our own becomes a command on it.
The place is moved after the commands: who goes on from an earlier place orders again what has the
same id. A refusal is the end of it: the case was settled, or somebody took it up, meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import asyncpg
import structlog

from events.cases.commands import Command, Escalate
from events.cases.staff import BY_ITSELF
from events.cases.state import Case
from events.cases.terms import escalation_id
from events.policy import Reference
from events.touchpoints.complaint import Clock as ClockName
from services.casework.cases import Cases, folded
from services.casework.executing import Done
from services.casework.ordering import CommandOn
from services.casework.parked_work import ParkedWork, Task
from services.casework.rulebook import Rulebook
from services.ports import Clock
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.rows.tails import JOURNAL, Tail

_LOG = structlog.get_logger(__name__)

_NAME = "casework"

_CLOCKS: dict[str, ClockName] = {
    "case_response": "response",
    "case_solution": "solution",
    "case_obligation": "obligation",
}


class Deadlines:
    """Escalates what the alert journal tells; for one process at a time."""

    def __init__(
        self, pool: Pool, cases: Cases, rulebook: Rulebook, clock: Clock, parked: ParkedWork
    ) -> None:
        """Begin, the first time of all, with the alerts that come from now on."""
        self._tail = Tail(pool, JOURNAL)
        self._pool = pool
        self._parked = parked
        self._cases = cases
        self._rulebook = rulebook
        self._clock = clock

    async def step(self) -> int:
        """Order what is new; return how many lines were looked at.

        A line of a case that cannot be read is parked and looked at again later.
        Raises: Unavailable; UnreadableEvent, while a rule cannot be read.
        """
        again = await self._again()
        before = await self._tail.place(_NAME)
        rows, upto = await self._tail.after(before)
        await self._escalate([row for row in rows if row["action"] == "raised"])
        if upto > before:
            await self._tail.move(_NAME, upto)
        return again + len(rows)

    async def behind(self) -> int:
        """Return how many lines of the journal were not looked at yet. Raises: Unavailable."""
        return await self._tail.behind(_NAME)

    async def _escalate(self, raised: Sequence[asyncpg.Record]) -> None:
        of_cases = [row for row in raised if row["kind"] in _CLOCKS]
        if not of_cases:
            return
        reference = await self._rulebook.reference()
        for row in of_cases:
            await self._parked.attempt(_task(row), partial(self._order, row, reference))

    async def _again(self) -> int:
        """Order what was parked and is due; return how many lines were looked at."""
        due = await self._parked.due()
        if not due:
            return 0
        reference = await self._rulebook.reference()
        for task in due:
            await self._parked.again(task, partial(self._order_again, task.id, reference))
        return len(due)

    async def _order_again(self, ordinal: str, reference: Reference) -> None:
        with translated():
            row = await self._pool.fetchrow(sql("alert_journal_line"), int(ordinal))
        assert row is not None, "the journal only grows"
        await self._order(row, reference)

    async def _order(self, row: asyncpg.Record, reference: Reference) -> None:
        case_id = _case_of(row)
        case = folded(await self._cases.events(case_id))
        if case is None:
            return  # another system keeps it
        asked = _order(case, row, self._clock)
        answer = await self._cases.execute(asked, reference)
        told = "escalated" if isinstance(answer, Done) else "not_escalated"
        _LOG.debug(told, case_id=case_id, kind=row["kind"], percent=row["threshold"])


def _task(row: asyncpg.Record) -> Task:
    """Return what is to be done for a line of the journal."""
    return Task(id=str(row["ordinal"]), case_id=_case_of(row), customer=row["customer_id"])


def _case_of(row: asyncpg.Record) -> str:
    """Return the case that an alert is about: its subject names a cycle or an obligation of it."""
    subject: str = row["subject"]
    mark = "/" if row["kind"] == "case_obligation" else "#"
    return subject.rpartition(mark)[0]


def _order(case: Case, row: asyncpg.Record, clock: Clock) -> CommandOn[Command]:
    """Return the order to escalate what an alert says.

    It takes effect no earlier than the alert, whosever clock that was read from.
    """
    name = _CLOCKS[row["kind"]]
    part = row["subject"].rpartition("/" if name == "obligation" else "#")[2]
    obligation_id = part if name == "obligation" else None
    cycle = case.cycle if name == "obligation" else int(part)
    percent = row["threshold"]
    return CommandOn(
        on=case.case_id,
        command=Escalate(clock=name, percent=percent, cycle=cycle, obligation_id=obligation_id),
        by=BY_ITSELF,
        key=escalation_id(case.case_id, cycle, name, percent, obligation_id or ""),
        created_at=max(clock.now(), row["at"], row["since"]),
    )
