"""One command on many cases: what it would come to is read in blocks and decided in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from events.cases.asking import Rules
from events.cases.commands import Command
from events.cases.decide import decide
from events.envelope import PositionVector
from events.facts import Fact
from events.refusals import Refused
from events.streams import case_stream
from projections.case_board.projection import CaseBoard
from services.casework.bulk.asking import (
    MOST_ITEMS,
    AskedOfMany,
    Found,
    Item,
    Obstacle,
    Unreadable,
    Verdict,
)
from services.casework.cases import Cases, CommandOn, folded_facts
from services.casework.executing import Answer, Moved, Order, Stream, Streams, drafts, submission
from services.casework.filters import CaseFilter, cases_meant
from services.casework.parts import CaseworkPlatform
from services.casework.trying import fact_tried
from services.intake.answers import EventRefused
from services.intake.draft import Draft
from services.log.readable import cannot_be_read
from services.log.readable import fact_of as fact_of_envelope
from services.ports import StreamFacts
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.rows.projection_store import ProjectionStore
from services.vault.subject_key import SubjectKey

_BOARD = CaseBoard()


async def cases_found(platform: CaseworkPlatform, where: CaseFilter) -> Found:
    """Return the cases that a filter finds by the rows of one state, one too many at most.

    Raises: Unavailable.
    """
    heads = await platform.log.heads()
    store = ProjectionStore(_BOARD, heads.generation)
    names = {name: table.name for name, table in store.tables.items()}
    question = cases_meant(where, names["obligations"])
    limit = question.add(MOST_ITEMS + 1)
    statement = sql("cases_found").format(
        cases=names["cases"], conditions=question.where, limit=limit
    )
    with translated():
        async with (
            platform.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            taken_in = await store.taken_in(connection)
            rows = await connection.fetch(statement, *question.parameters)
    counts = tuple(taken_in.get(n, 0) for n in range(len(heads.counts)))
    position = PositionVector(heads.generation, counts).token()
    return Found([Item(row["case_id"]) for row in rows], position)


class ManyCases:
    """Cases that one command is given on."""

    def __init__(
        self, platform: CaseworkPlatform, streams: Streams, asked: AskedOfMany[Command]
    ) -> None:
        self._platform = platform
        self._cases = Cases(streams, platform.pool)
        self._asked = asked

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some cases. Raises: Unavailable."""
        sources = {case_stream(item.id): item.id for item in items}
        streams = {
            sources[one.source]: one for one in await self._platform.log.stream_facts([*sources])
        }
        without = await self._cases.without_streams(
            [item.id for item in items if item.id not in streams]
        )
        about = {case_id: one.customer for case_id, one in streams.items()}
        invoices = await self._cases.open_invoices(self._asked.command, about)
        keys = await self._keys(streams.values())
        now = self._platform.clock.now()
        found = []
        for item in items:
            stream = streams.get(item.id)
            if stream is None:
                found.append(Verdict(item, 0, None, obstacle=without[item.id]))
                continue
            rules = Rules(self._asked.reference, invoices.get(item.id, frozenset()))
            came = self._came(item, stream, now, rules, keys)
            verdict = Verdict(item, len(stream.facts), stream.customer)
            if isinstance(came, (Refused, Moved, EventRefused, Unreadable)):
                found.append(verdict._replace(obstacle=came))
            else:
                found.append(verdict._replace(news=came))
        return found

    def _came(
        self,
        item: Item,
        told: StreamFacts,
        now: datetime,
        rules: Rules,
        keys: Mapping[str, SubjectKey],
    ) -> Sequence[Fact] | Obstacle:
        """Return what the command comes to on a case, as `Streams.execute` finds it."""
        facts = told.facts
        for one in told.unreadable:
            return Unreadable(cannot_be_read(one.event_id, f"of {told.source}", one.reason))
        version = len(facts)
        if item.version is not None and item.version != version:
            return Moved(item.version, version, facts[item.version :])
        case = folded_facts(facts)
        at = max(now, facts[-1].effective_at)
        decided = decide(case, self._asked.command, self._asked.by, at, rules)
        if isinstance(decided, Refused):
            return decided
        stream = Stream(told.source, told.customer, facts[0].branch_id)
        order = self._command(item).order()
        try:
            found = drafts(stream, version, order, decided, at)
            return [_fact(draft, order, keys.get(stream.subject)) for draft in found]
        except EventRefused as why:
            return why

    async def _keys(self, streams: Iterable[StreamFacts]) -> Mapping[str, SubjectKey]:
        """Return the keys under which something personal would be sealed, where something is."""
        if self._asked.personal is None:
            return {}
        subjects = {
            Stream(one.source, one.customer, one.facts[0].branch_id).subject
            for one in streams
            if one.facts
        }
        return await self._platform.vault.prepare(subjects)

    async def done(self, item: Item) -> Answer:
        """Do the command on one case. Raises: Unavailable, UnreadableEvent, EventRefused."""
        return await self._cases.execute(self._command(item), self._asked.reference)

    def _command(self, item: Item) -> CommandOn:
        asked = self._asked
        return CommandOn(
            case_id=item.id,
            command=asked.command,
            by=asked.by,
            key=asked.key_of(item),
            seen=item.version,
            personal=asked.personal,
        )


def _fact(draft: Draft, order: Order, key: SubjectKey | None) -> Fact:
    """Return what would be recorded, as projections read it. Raises: EventRefused."""
    if draft.personal is None or key is None:
        return fact_of_envelope(draft.envelope, draft.data)
    return fact_tried(submission(order, draft, key))
