"""Facts read out of the events table, without the events around them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sys import intern

from events.codec import decoder
from events.envelope import CustomerId, Position
from events.errors import EventError
from events.facts import Fact
from events.lineage import Lineage
from services.log.copy_rows import DossierReader
from services.log.readable import fact, fact_of
from services.ports import Dossier, Portion, StoredEvent, StreamFacts, Unreadable
from services.postgres.copying import copy_out
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import Value, filled_in, sql

_APART = "\x1f"  # in `stream_facts.sql`, between a stream's source and its customer


async def copied(connection: Connection, name: str, *values: Value) -> list[Dossier]:
    """Return what a named statement gives of the columns that make a fact.

    A customer whose rows lie apart has several dossiers. Raises: BrokenCopy.
    """
    reader = DossierReader()
    dossiers: list[Dossier] = []

    def take(chunk: bytes) -> None:
        dossiers.extend(reader.feed(chunk))

    # Without parameters: for each, asyncpg would ask the server how it is written.
    await copy_out(connection, filled_in(sql(name), *values), take=take)
    return dossiers + reader.end()


async def kept_facts(
    pool: Pool, lineage: Lineage, partition: int, start: int, limit: int, stop: int
) -> Portion | None:
    """Return the facts of up to `limit` events from a generation's n = `start` on, before `stop`.

    None: there are none yet. Raises: Unavailable.
    """
    place = Position(lineage.generation, partition, start)
    run, kept = lineage.run_at(place), lineage.kept(place)
    if run is not None:
        stop = min(stop, run.end)
    moved = start - kept.n
    with translated():
        async with pool.acquire() as connection:
            found = await connection.fetchrow(
                sql("log_portion"), kept.generation, partition, kept.n, limit, stop - moved
            )
            assert found is not None, "it counts"
            if not found["events"]:
                return None
            last: int = found["last"]
            dossiers = await copied(
                connection, "log_facts", kept.generation, partition, kept.n, last
            )
    facts: dict[CustomerId, list[Fact]] = {}
    unreadable: dict[CustomerId, Unreadable] = {}
    for one in dossiers:
        facts.setdefault(one.customer, []).extend(one.facts)
        for found_unreadable in one.unreadable:
            unreadable[one.customer] = found_unreadable
    return Portion(facts, unreadable, found["events"], last + moved + 1, found["recorded_at"])


async def kept_streams(pool: Pool, sources: Sequence[str]) -> list[StreamFacts]:
    """Return the facts of whole streams as the events table has them. Raises: Unavailable."""
    if not sources:
        return []
    with translated():
        async with pool.acquire() as connection:
            found = await copied(connection, "stream_facts", sources)
    return [_stream(one) for one in found]


def _stream(dossier: Dossier) -> StreamFacts:
    source, _, customer = dossier.customer.partition(_APART)
    whose = CustomerId(intern(customer)) if customer else None
    return StreamFacts(source, whose, dossier.facts, dossier.unreadable)


def stream_of(source: str, stored: Sequence[StoredEvent]) -> StreamFacts:
    """Return a stream whose events were read whole."""
    facts: list[Fact] = []
    unreadable: list[Unreadable] = []
    for one in stored:
        try:
            facts.append(fact(one))
        except EventError as error:
            unreadable.append(Unreadable(one.envelope.id, str(error)))
    return StreamFacts(source, stored[0].envelope.subject, facts, unreadable)


def portion_of(stored: Sequence[StoredEvent], upto: int, at: datetime) -> Portion:
    """Return the facts of events that were read whole."""
    facts: dict[CustomerId, list[Fact]] = {}
    unreadable: dict[CustomerId, Unreadable] = {}
    decode = decoder()
    for one in stored:
        envelope = one.envelope
        subject = envelope.subject
        if subject is None:
            continue  # it belongs to its branch alone
        own = facts.get(subject)
        if own is None:
            own = facts[CustomerId(intern(subject))] = []
        try:
            own.append(fact_of(envelope, decode(one.payload)))
        except EventError as error:
            unreadable[subject] = Unreadable(envelope.id, str(error))
    return Portion(facts, unreadable, len(stored), upto, at)
