"""Commands on cases: decided by `events.cases` against the case's own stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from asyncpg import Record

from events.cases.asking import Rules
from events.cases.commands import Command, HoldDunning
from events.cases.decide import decide
from events.cases.evolve import evolve
from events.cases.reasons import EXTERNAL, NOT_OPENED, UNKNOWN_CASE
from events.cases.state import Case
from events.envelope import CustomerId, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from events.refusals import Refused, refuse
from events.routing import nobodys
from events.streams import case_stream, is_stream
from events.touchpoints.complaint import CaseTouchpoint
from projections.case_board.projection import CaseBoard
from projections.receivables.projection import Receivables
from services.casework.accounts import open_invoices
from services.casework.customers import Customers
from services.casework.executing import Answer, Decided, Stream, Streams
from services.casework.ordering import CommandOn
from services.log.readable import readable, sound
from services.log.stored import stored_event
from services.ports import CustomerRead, EventLog
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql
from services.rows.row_tables import tables_of

_ITEMS = tables_of(Receivables())["items"].name
_CASES = tables_of(CaseBoard())["cases"].name


class _Published(NamedTuple):
    """Whether branches published events of a case, and how far whose it is was read."""

    is_told: bool
    read: CustomerRead


class Cases:
    """The cases of the company, as commands find them."""

    def __init__(self, streams: Streams, log: EventLog, pool: Pool) -> None:
        self._streams = streams
        self._customers = Customers(log, pool)
        self._log = log
        self._pool = pool

    async def events(self, case_id: str) -> Sequence[RecordedEvent]:
        """Return the stream of a case, with all that was ever answered; empty: it has none.

        Raises: Unavailable, UnreadableEvent.
        """
        return await self._streams.events(case_stream(case_id))

    async def execute(self, asked: CommandOn[Command], reference: Reference) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            case = folded(events)
            relied_on: Sequence[CustomerRead] = ()
            invoices: frozenset[str] = frozenset()
            if case is None:
                if asked.opens is None:
                    return await self.without_stream(asked.on)
                published = await self._published(asked.on, asked.opens)
                if published.is_told and not asked.is_referred:
                    return refuse(EXTERNAL)
                relied_on = [published.read]
            elif isinstance(asked.command, HoldDunning) and events[0].envelope.subject:
                group = await self._customers.group(events[0].envelope.subject)
                invoices = open_invoices(events[0].envelope.subject, group, now, reference)
                relied_on = group.relied_on
            rules = Rules(reference, invoices)
            found = decide(case, asked.command, asked.by, now, rules)
            return found if isinstance(found, Refused) else Decided(found, relied_on)

        stream = asked.opens or case_stream(asked.on)
        return await self._streams.execute(stream, asked.order(), decided)

    async def without_stream(self, case_id: str) -> Refused:
        """Return why nothing can be done with a case that has no stream.

        Raises: Unavailable, UnreadableEvent.
        """
        return (await self.without_streams([case_id]))[case_id]

    async def without_streams(self, case_ids: Sequence[str]) -> Mapping[str, Refused]:
        """Return why nothing can be done with each case that has no stream.

        Another system keeps it, or published its history; or the platform is about to open it.
        Raises: Unavailable, UnreadableEvent.
        """
        found = dict.fromkeys(case_ids, refuse(UNKNOWN_CASE))
        if not case_ids:
            return found
        rows = await rows_of_cases(self._pool, case_ids)
        own = [row for row in rows if not row["external"]]
        published = await published_cases(
            self._pool, [(row["case_id"], row["customer_id"], row["branch_id"]) for row in own]
        )
        for row in rows:
            case_id = row["case_id"]
            elsewhere = row["external"] or case_id in published
            found[case_id] = refuse(EXTERNAL if elsewhere else NOT_OPENED)
        return found

    async def _published(self, case_id: str, whose: Stream) -> _Published:
        """Return whether branches published events of a case, and how far whose it is was read.

        Raises: Unavailable, UnreadableEvent.
        """
        key = whose.customer or nobodys(whose.branch_id)
        beyond = sound(await self._log.beyond([key]))
        kept = await is_published(self._pool, case_id, whose.customer, whose.branch_id)
        told = any(
            isinstance(data, CaseTouchpoint)
            and data.case_id == case_id
            and not is_stream(envelope.source)
            for envelope, data in beyond.told.get(key, ())
        )
        return _Published(kept or told, beyond.read(key))

    async def open_invoices(
        self, command: Command, customers: Mapping[str, CustomerId | None]
    ) -> Mapping[str, frozenset[str]]:
        """Return the invoices on which something is open, if it matters, by case.

        Cases are given with whom they are about. Raises: Unavailable.
        """
        asked = {case: customer for case, customer in customers.items() if customer is not None}
        if not isinstance(command, HoldDunning) or not asked:
            return {}
        statement = sql("open_invoices").format(items=_ITEMS, cases=_CASES)
        pairs = [*asked.values()], [*asked]
        found: dict[str, set[str]] = {}
        for row in await retried(lambda: self._pool.fetch(statement, *pairs)):
            found.setdefault(row["case_id"], set()).add(row["invoice_id"])
        return {case_id: frozenset(invoices) for case_id, invoices in found.items()}


async def rows_of_cases(pool: Pool, case_ids: Sequence[str]) -> Sequence[Record]:
    """Return whose each case is that is on the board, where, and who keeps it.

    Raises: Unavailable.
    """
    if not case_ids:
        return ()
    statement = sql("rows_of_cases").format(cases=_CASES)
    return await retried(lambda: pool.fetch(statement, case_ids))


async def is_published(
    pool: Pool, case_id: str, customer: str | None, branch_id: str | None
) -> bool:
    """Return whether branches published events of a case. Raises: Unavailable, UnreadableEvent."""
    return case_id in await published_cases(pool, [(case_id, customer, branch_id)])


async def published_cases(
    pool: Pool, asked: Sequence[tuple[str, str | None, str | None]]
) -> frozenset[str]:
    """Return which cases branches published, asked with the customer or, of nobody, the branch.

    Raises: Unavailable, UnreadableEvent.
    """
    of_customers = [(customer, case) for case, customer, _ in asked if customer is not None]
    of_nobody = [(branch, case) for case, customer, branch in asked if customer is None and branch]
    found = set()
    for name, pairs in (
        ("published_cases", of_customers),
        ("published_cases_of_nobody", of_nobody),
    ):
        if pairs:
            fetched = partial(pool.fetch, sql(name), *map(list, zip(*pairs, strict=True)))
            for row in await retried(fetched):
                data = readable(stored_event(row)).data
                if isinstance(data, CaseTouchpoint) and data.case_id == row["asked_case"]:
                    found.add(data.case_id)
    return frozenset(found)


def folded(events: Sequence[RecordedEvent]) -> Case | None:
    """Return the case that a stream leaves; None: it has no events."""
    return folded_facts([fact_of(event) for event in events])


def folded_facts(facts: Iterable[Fact]) -> Case | None:
    """Return the case that the facts of a stream leave; None: there are none."""
    case = None
    for fact in facts:
        case = evolve(case, fact.data, fact.effective_at, fact.branch_id)
    return case


def customer_of(events: Sequence[RecordedEvent]) -> CustomerId | None:
    """Return whom a stream that has events is about."""
    return events[0].envelope.subject
