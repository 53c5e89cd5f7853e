"""Commands on cases: decided by `events.cases` against the case's own stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.cases.asking import Rules
from events.cases.commands import Command, Escalate, HoldDunning, Open
from events.cases.decide import decide
from events.cases.evolve import evolve
from events.cases.reasons import EXTERNAL, NOT_OPENED, UNKNOWN_CASE
from events.cases.staff import BY_ITSELF, Staff
from events.cases.state import Case
from events.cases.terms import escalation_id
from events.envelope import CustomerId, RecordedEvent
from events.policy import Reference
from events.refusals import Refused, refuse
from events.streams import case_stream
from events.touchpoints.complaint import CaseTouchpoint
from projections.case_board.projection import CaseBoard
from projections.receivables.projection import Receivables
from services.casework.executing import Answer, Decided, Order, Stream, Streams
from services.log.readable import readable
from services.log.stored import stored_event
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql
from services.rows.row_tables import tables_of

_ITEMS = tables_of(Receivables())["items"].name
_CASES = tables_of(CaseBoard())["cases"].name


class CommandOn(Struct, frozen=True, kw_only=True):
    """A command on a case: who asks, under which key, and what."""

    case_id: str
    command: Command
    by: Staff
    key: str
    seen: int | None = None
    personal: Mapping[str, str] | None = None
    opens: Stream | None = None  # whom the case is about, where the command opens it
    created_at: datetime | None = None  # what the platform does by itself dates itself
    only_tried: bool = False  # decide, and write nothing

    def order(self) -> Order:
        """Return the command as streams execute it."""
        return Order(
            by=self.by.agent,
            key=self.key,
            content=msgspec.json.encode(self._content(), order="sorted"),
            seen=self.seen,
            personal=self.personal,
            first_id=self._first_id(),
            created_at=self.created_at,
            only_tried=self.only_tried,
        )

    def _first_id(self) -> str | None:
        """Return the id of an escalation that nobody ordered: that of its step.

        Whoever orders one gives a key, which stands for one request as with any other command.
        """
        command = self.command
        if not isinstance(command, Escalate) or self.by != BY_ITSELF:
            return None
        owed = command.obligation_id or ""
        return escalation_id(self.case_id, command.cycle, command.clock, command.percent, owed)

    def _content(self) -> object:
        """Return what is asked for, and of what.

        What opens a case is its complaint: what is known of the customer then may differ.
        """
        command = self.command
        if isinstance(command, Open):
            return [self.case_id, command.opened_by]
        name = type(command).__name__
        return [self.case_id, name, msgspec.to_builtins(command), self.personal or {}]


class Cases:
    """The cases of the company, as commands find them."""

    def __init__(self, streams: Streams, pool: Pool) -> None:
        self._streams = streams
        self._pool = pool

    async def events(self, case_id: str) -> Sequence[RecordedEvent]:
        """Return the stream of a case, with all that was ever answered; empty: it has none.

        Raises: Unavailable, UnreadableEvent.
        """
        return await self._streams.events(case_stream(case_id))

    async def execute(self, asked: CommandOn, reference: Reference) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            case = folded(events)
            if case is None and asked.opens is None:
                return await self.without_stream(asked.case_id)
            rules = Rules(reference, await self._open_invoices(asked, events))
            found = decide(case, asked.command, asked.by, now, rules)
            return found if isinstance(found, Refused) else Decided(found)

        stream = asked.opens or case_stream(asked.case_id)
        return await self._streams.execute(stream, asked.order(), decided)

    async def without_stream(self, case_id: str) -> Refused:
        """Return why nothing can be done with a case that has no stream.

        Another system keeps it, or published its history; or the platform is about to open it.
        Raises: Unavailable, UnreadableEvent.
        """
        statement = sql("row_of_case").format(cases=_CASES)
        rows = await retried(lambda: self._pool.fetch(statement, case_id))
        if not rows:
            return refuse(UNKNOWN_CASE)
        row = rows[0]
        customer, branch_id = row["customer_id"], row["branch_id"]
        if row["external"] or await is_published(self._pool, case_id, customer, branch_id):
            return refuse(EXTERNAL)
        return refuse(NOT_OPENED)

    async def _open_invoices(
        self, asked: CommandOn, events: Sequence[RecordedEvent]
    ) -> frozenset[str]:
        """Return the invoices of the customer on which something is open, if it matters."""
        customer = events[0].envelope.subject if events else None
        if not isinstance(asked.command, HoldDunning) or customer is None:
            return frozenset()
        statement = sql("open_invoices").format(items=_ITEMS, cases=_CASES)
        rows = await retried(lambda: self._pool.fetch(statement, customer, asked.case_id))
        return frozenset(row["invoice_id"] for row in rows)


async def is_published(
    pool: Pool, case_id: str, customer: str | None, branch_id: str | None
) -> bool:
    """Return whether branches published events of a case. Raises: Unavailable, UnreadableEvent."""
    statement, whose = sql("published_cases"), customer
    if customer is None:
        statement, whose = sql("published_cases_of_nobody"), branch_id
    rows = await retried(lambda: pool.fetch(statement, whose, case_id))
    told = (readable(stored_event(row)).data for row in rows)
    return any(isinstance(one, CaseTouchpoint) and one.case_id == case_id for one in told)


def folded(events: Sequence[RecordedEvent]) -> Case | None:
    """Return the case that a stream leaves; None: it has no events."""
    case = None
    for event in events:
        envelope = event.envelope
        case = evolve(case, event.data, envelope.effective_at, envelope.branch_id)
    return case


def customer_of(events: Sequence[RecordedEvent]) -> CustomerId | None:
    """Return whom a stream that has events is about."""
    return events[0].envelope.subject
