"""Who is the same customer may be published too: as long as all that was recorded goes on counting.

A branch says it late, and by its own clock: beside what was commanded or published meanwhile its
merge may mean nothing, or have another one mean nothing. Such an event is refused, so that every
merge in the log counts, whichever door it came by. What it is judged by it relies on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from events.customers.identity import MOVES, Contradiction, contradiction
from events.envelope import CustomerId
from events.texts import worded
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from services.errors import UnreadableEvent
from services.intake.answers import EventRefused
from services.intake.draft import Draft
from services.log.readable import fact_of
from services.log.who_is_who import Ways, ways_of
from services.ports import EventLog, ReliedOn
from services.postgres.pool import Pool

_LOG = structlog.get_logger(__name__)

_UNREADABLE = EventRefused(
    "inconsistent",
    "subject",
    worded(
        "cannot be judged: the log holds an event of one of these customers that nobody can read"
    ),
    worded("leave it in quarantine, and resubmit it once that event can be read"),
)

Judgement = EventRefused | tuple[ReliedOn, ...] | None
"""Why an event is refused, or what it relies on; None: it is to be judged after its neighbours."""


def is_move(draft: Draft) -> bool:
    """Tell whether an event says who is the same customer."""
    return isinstance(draft.data, MOVES)


async def judged(log: EventLog, pool: Pool, drafts: Sequence[Draft]) -> Sequence[Judgement]:
    """Judge moves that have nothing to do with each other; of others the first ones.

    Nobody is looked up again who has to do with one that is judged, or waits. Raises: Unavailable.
    """
    judgements: list[Judgement] = []
    concerned: set[CustomerId] = set()  # by what is judged now, or waits for that
    for draft in drafts:
        named = {_member(draft), _other(draft)}
        judgement: Judgement = None
        if concerned.isdisjoint(named):
            try:
                ways = await ways_of(log, pool, named)
            except UnreadableEvent as why:
                _LOG.error("move_not_judged", event_id=draft.envelope.id, reason=str(why))
                judgements.append(_UNREADABLE)
                continue
            if _is_repeat(draft, ways):
                judgements.append(())  # the log answers it, and nothing changes for others
                continue
            if concerned.isdisjoint(ways.told):
                judgement = _judged(draft, ways)
            named |= ways.told.keys()
        concerned |= named
        judgements.append(judgement)
    return judgements


def _member(draft: Draft) -> CustomerId:
    assert draft.envelope.subject is not None, "the rules ask for a customer"
    return draft.envelope.subject


def _other(draft: Draft) -> CustomerId:
    data = draft.data
    assert isinstance(data, CustomerMerged | CustomerUnmerged), "others are no moves"
    return CustomerId(data.into if isinstance(data, CustomerMerged) else data.out_of)


def _is_repeat(draft: Draft, ways: Ways) -> bool:
    return any(fact.id == draft.envelope.id for fact in ways.told[_member(draft)])


def _judged(draft: Draft, ways: Ways) -> Judgement:
    envelope, member = draft.envelope, _member(draft)
    if isinstance(draft.data, CustomerMerged):
        for field, customer in (("subject", member), ("data.into", _other(draft))):
            if _was_erased(ways.erased, customer, envelope.effective_at):
                remedy = worded("leave it out: who was erased stays as it was")
                return EventRefused("erased", field, worded("is a customer who was erased"), remedy)
    why = contradiction(ways.told, member, fact_of(envelope, draft.data))
    return tuple(ways.relied_on) if why is None else _refusal(why)


def _was_erased(erased: Mapping[CustomerId, datetime], customer: CustomerId, at: datetime) -> bool:
    return customer in erased and erased[customer] <= at


def _refusal(why: Contradiction) -> EventRefused:
    match why:
        case "itself":
            field = "data.into"
            reason = worded("is the subject itself")
            remedy = worded("name the other one of the two")
        case "merged":
            field = "subject"
            reason = worded("was merged into another customer by then")
            remedy = worded(
                "name the one that it was merged into, or publish customer.unmerged first"
            )
        case "circle":
            field = "data.into"
            reason = worded("belongs to the subject by then: each would be merged into the other")
            remedy = worded("leave it out, or publish customer.unmerged first")
        case "undone":
            field = "time"
            reason = worded(
                "is before that of a merge that was recorded already and could not be so beside it"
            )
            remedy = worded(
                "give the instant at which it was found, or have that merge undone first"
            )
    return EventRefused("inconsistent", field, reason, remedy)
