"""Cases held in memory: commands are decided as ever, and recorded later, many at once.

For whoever writes a history alone, as a simulation does. A command comes to the same events there
as on the log; who appends them says so by the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from events.cases.asking import Rules
from events.cases.commands import Command
from events.cases.decide import decide
from events.cases.evolve import evolve
from events.cases.state import Case
from events.envelope import Envelope, RecordedEvent
from events.refusals import Refused
from events.streams import CASES
from services.casework.executing import Order, Stream, drafts, submission
from services.casework.ordering import CommandOn
from services.errors import Disagreement
from services.intake.draft import Draft
from services.ports import Conflict, EventLog
from services.vault.vault import PostgresVault, subject_of


class Ordered(Struct, frozen=True):
    """What a command is to record, and the order that it belongs to."""

    order: Order
    events: Sequence[Draft]


class _Held(NamedTuple):
    stream: Stream
    case: Case


class CasesInMemory:
    """Cases by their ids, as the commands so far have left them."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    @property
    def cases(self) -> Mapping[str, Case]:
        """Return every case."""
        return MappingProxyType({case_id: held.case for case_id, held in self._held.items()})

    def case(self, case_id: str) -> Case | None:
        """Return a case; None: it was never opened."""
        held = self._held.get(case_id)
        return None if held is None else held.case

    def execute(self, asked: CommandOn[Command], now: datetime, rules: Rules) -> Ordered | Refused:
        """Return what a command is to record, and take it as recorded; or why it is refused."""
        held = self._held.get(asked.on)
        stream = asked.opens if held is None else held.stream
        case = None if held is None else held.case
        at = asked.created_at or now
        if case is not None:
            at = max(at, case.last_at)
        decided = decide(case, asked.command, asked.by, at, rules)
        if isinstance(decided, Refused):
            return decided
        assert stream is not None, "a case that is not open is refused"
        order = asked.order()
        events = drafts(stream, 0 if case is None else case.version, order, decided, at)
        for draft in events:
            case = evolve(case, draft.data, at, stream.branch_id)
        assert case is not None, "a command that is done leaves a case"
        self._held[asked.on] = _Held(stream, case)
        return Ordered(order, events)

    def customer_of(self, case_id: str) -> str:
        """Return whom a case is about; nobody: an empty text."""
        return self._held[case_id].stream.customer or ""

    def lacks(self, envelope: Envelope) -> bool:
        """Return whether an event of a case's stream is news."""
        held = self._held.get(envelope.source.removeprefix(CASES))
        return held is None or held.case.version < envelope.sequence

    def take_in(self, event: RecordedEvent) -> None:
        """Take an event of a case's stream as recorded that is the next one."""
        envelope = event.envelope
        case_id = envelope.source.removeprefix(CASES)
        held = self._held.get(case_id)
        case = evolve(
            None if held is None else held.case,
            event.data,
            envelope.effective_at,
            envelope.branch_id,
        )
        stream = Stream(envelope.source, envelope.subject, envelope.branch_id)
        self._held[case_id] = _Held(stream, case)


async def record(log: EventLog, vault: PostgresVault, ordered: Sequence[Ordered]) -> None:
    """Record what was decided in memory; what is there already changes nothing.

    Raises: Unavailable; Disagreement, where somebody else wrote to a stream.
    """
    events = list(chain.from_iterable(one.events for one in ordered))
    keys = await vault.prepare({subject_of(event.envelope) for event in events})
    submissions = [
        submission(one.order, event, keys[subject_of(event.envelope)])
        for one in ordered
        for event in one.events
    ]
    if not submissions:
        return
    for one, outcome in zip(submissions, await log.append(submissions), strict=True):
        if isinstance(outcome, Conflict):
            raise Disagreement(
                f"event {one.envelope.id} of {one.envelope.source} is another's: {outcome.reason}"
            )
