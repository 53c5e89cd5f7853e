"""One command on many cases: what it would come to is read in blocks and decided in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from events.cases.asking import Rules
from events.cases.commands import Command
from events.cases.decide import decide
from events.facts import Fact
from events.refusals import Refused
from events.streams import case_stream
from services.casework.bulk.asking import (
    AskedOfMany,
    Item,
    Obstacle,
    Unreadable,
    Verdict,
)
from services.casework.cases import Cases, folded_facts
from services.casework.executing import Answer, Moved, Stream, Streams, drafts
from services.casework.parts import CaseworkPlatform
from services.casework.trying import news_of
from services.errors import UnreadableEvent
from services.intake.answers import EventRefused
from services.log.readable import cannot_be_read
from services.ports import StreamFacts
from services.vault.subject_key import SubjectKey


class ManyCases:
    """Cases that one command is given on; those of one moment are committed in common."""

    at_once: ClassVar = 8

    def __init__(
        self, platform: CaseworkPlatform, streams: Streams, asked: AskedOfMany[Command]
    ) -> None:
        self._platform = platform
        self._cases = Cases(streams, platform.log, platform.pool)
        self._asked = asked

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some cases. Raises: Unavailable."""
        sources = {case_stream(item.id): item.id for item in items}
        streams = {
            sources[one.source]: one for one in await self._platform.log.stream_facts([*sources])
        }
        without = await self._without([item.id for item in items if item.id not in streams])
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

    async def _without(self, case_ids: Sequence[str]) -> Mapping[str, Obstacle]:
        """Return what stands in the way of cases that have no stream.

        What cannot be read is the fault of its own case alone.
        """
        try:
            return await self._cases.without_streams(case_ids)
        except UnreadableEvent as why:
            if len(case_ids) == 1:
                return {case_ids[0]: Unreadable(str(why))}
        found: dict[str, Obstacle] = {}
        for case_id in case_ids:
            found |= await self._without([case_id])
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
        order = self._asked.order_on(item).order()
        try:
            found = drafts(stream, version, order, decided, at)
            return [news_of(draft, order, keys.get(stream.subject)) for draft in found]
        except EventRefused as why:
            return why

    async def _keys(self, streams: Iterable[StreamFacts]) -> Mapping[str, SubjectKey]:
        """Return the keys under which something personal would be sealed; none is made."""
        if self._asked.personal is None:
            return {}
        subjects = {
            Stream(one.source, one.customer, one.facts[0].branch_id).subject
            for one in streams
            if one.facts
        }
        return await self._platform.vault.existing(subjects)

    async def done(self, item: Item) -> Answer:
        """Do the command on one case. Raises: Unavailable, UnreadableEvent, EventRefused."""
        return await self._cases.execute(self._asked.order_on(item), self._asked.reference)
