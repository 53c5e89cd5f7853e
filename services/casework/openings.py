"""A complaint, a request or a need overheard opens its case: once, by itself, restart-safe.

The log is read partition by partition, from where casework was switched on. A case is opened,
then the place is moved: who goes on from an earlier place opens again what is open already, and
makes the same bytes. Not opened is what another system keeps (it names its case there, came by
import, or its case was published), for such cases take no commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from events.cases.commands import Command
from events.cases.opening import opening_of
from events.cases.staff import BY_ITSELF
from events.cases.terms import native_case_id
from events.envelope import Envelope, PositionVector, RecordedEvent
from events.partitioning import PARTITIONS
from events.policy import Reference
from events.streams import CASES, is_stream
from events.touchpoints.complaint import (
    CaseReferred,
    ComplaintFiled,
    ServiceRequested,
)
from projections.value_tiers.projection import ValueTiers
from services.casework.cases import Cases
from services.casework.customers import root_of
from services.casework.executing import Done, Stream
from services.casework.ordering import CommandOn
from services.casework.parked_work import ParkedWork, Task
from services.casework.rulebook import Rulebook
from services.errors import UnreadableEvent
from services.log.readable import readable
from services.log.stored import stored_event
from services.ports import EventLog, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.rows.row_tables import tables_of

_LOG = structlog.get_logger(__name__)

_READ = 1_000
_IMPORTED = "/import-"
_STANDINGS = tables_of(ValueTiers())["standings"].name

_OPENING = (ComplaintFiled, ServiceRequested, CaseReferred)
_OPENERS = frozenset(kind.event_type for kind in _OPENING)


class Openings:
    """Opens cases for what the log holds; for one process at a time."""

    def __init__(
        self, log: EventLog, pool: Pool, cases: Cases, rulebook: Rulebook, parked: ParkedWork
    ) -> None:
        self._log = log
        self._pool = pool
        self._cases = cases
        self._rulebook = rulebook
        self._parked = parked

    async def step(self) -> int:
        """Open what waits in a page of each partition; return how many events were looked at.

        An event that opens no case, because something of its customer or its case cannot be
        read, is parked and looked at again later.
        Raises: Unavailable, LogMoved; UnreadableEvent, while a rule cannot be read.
        """
        heads = await self._log.heads()
        places = await self._places(heads)
        looked = await self._again()
        for partition in range(PARTITIONS):
            start = places.counts[partition]
            if start >= heads.counts[partition]:
                continue
            page = await self._log.read(partition, start, _READ)
            if not page:
                continue
            await self._open_for([one for one in page if _may_open(one.envelope)])
            await self._move(heads.generation, partition, page[-1].position.n + 1)
            looked += len(page)
        return looked

    async def skip(self) -> None:
        """Begin after what the log holds now: whoever wrote it has opened its cases."""
        heads = await self._log.heads()
        for partition in range(PARTITIONS):
            await self._move(heads.generation, partition, heads.counts[partition])

    async def behind(self) -> int:
        """Return how many events were not looked at yet. Raises: Unavailable, LogMoved."""
        heads = await self._log.heads()
        places = await self._places(heads)
        counts = zip(heads.counts[:PARTITIONS], places.counts, strict=False)
        return sum(max(0, head - place) for head, place in counts)

    async def _places(self, heads: PositionVector) -> PositionVector:
        """Return how far each partition was looked at, in places of this generation."""
        with translated():
            rows = await self._pool.fetch(sql("opening_places"))
        start = PositionVector.start(heads.generation)
        counts = list(start.counts)
        for row in rows:
            told = list(PositionVector.start(row["generation"]).counts)
            told[row["partition"]] = row["n"]
            here = self._log.resolve(PositionVector(row["generation"], tuple(told)))
            if here is not None:
                counts[row["partition"]] = here.counts[row["partition"]]
        return PositionVector(heads.generation, tuple(counts))

    async def _move(self, generation: int, partition: int, n: int) -> None:
        with translated():
            await self._pool.execute(sql("opening_move"), partition, generation, n)

    async def _open_for(self, openers: Sequence[StoredEvent]) -> None:
        if not openers:
            return
        reference = await self._rulebook.reference()
        for stored in openers:
            await self._parked.attempt(_task(stored), partial(self._open, stored, reference))

    async def _again(self) -> int:
        """Open for what was parked and is due; return how many events were looked at."""
        due = await self._parked.due()
        if not due:
            return 0
        reference = await self._rulebook.reference()
        for task in due:
            await self._parked.again(task, partial(self._open_again, task.id, reference))
        return len(due)

    async def _open_again(self, event_id: str, reference: Reference) -> None:
        with translated():
            row = await self._pool.fetchrow(sql("event_of"), event_id)
        if row is None:
            raise UnreadableEvent(f"event {event_id} is not in the events table yet")
        await self._open(stored_event(row), reference)

    async def _open(self, stored: StoredEvent, reference: Reference) -> None:
        event = readable(stored)
        if not _is_ours(event):
            return
        asked = opening(event, await self._tier(event))
        answer = await self._cases.execute(asked, reference)
        if isinstance(answer, Done) and not answer.replayed:
            _LOG.debug("case_opened", case_id=asked.on)

    async def _tier(self, event: RecordedEvent) -> str | None:
        """Return the customer's tier as the rows know it now: that of its root."""
        customer = event.envelope.subject
        if customer is None:
            return None
        at = max(event.recorded_at, event.envelope.effective_at)
        root = await root_of(self._pool, customer, at)
        with translated():
            tier: str | None = await self._pool.fetchval(
                sql("tier_of").format(standings=_STANDINGS), root
            )
        return tier


def _is_ours(event: RecordedEvent) -> bool:
    """Return whether no other system keeps the case that an event opens, as the event says."""
    data = event.data
    assert isinstance(data, _OPENING), f"{event.envelope.type} opens no case"
    return isinstance(data, CaseReferred) or data.case_ref is None


def _task(stored: StoredEvent) -> Task:
    """Return what is to be done for an event; of a need overheard only its data name the case."""
    envelope = stored.envelope
    referred = envelope.type == CaseReferred.event_type
    return Task(
        id=envelope.id,
        case_id=None if referred else native_case_id(envelope.id),
        customer=envelope.subject,
        event_id=envelope.id,
    )


def _may_open(envelope: Envelope) -> bool:
    """Return whether an event may open a case, by what its envelope says."""
    if envelope.type not in _OPENERS or _IMPORTED in envelope.source:
        return False
    return envelope.source.startswith(CASES) or not is_stream(envelope.source)


def opening(event: RecordedEvent, tier: str | None) -> CommandOn[Command]:
    """Return the order that opens the case of a complaint, a request or a need overheard.

    It is dated by its complaint: two who open it say the same.
    """
    envelope, data = event.envelope, event.data
    at = envelope.effective_at
    assert isinstance(data, _OPENING), f"{envelope.type} opens no case"
    command = opening_of(data, envelope.id, at, tier)
    return CommandOn(
        on=command.case_id,
        command=command,
        by=BY_ITSELF,
        key=envelope.id,
        opens=Stream(f"{CASES}{command.case_id}", envelope.subject, envelope.branch_id),
        is_referred=isinstance(data, CaseReferred),
        created_at=max(event.recorded_at, at),
    )
