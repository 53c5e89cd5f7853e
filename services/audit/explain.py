"""One customer explained: every figure with the events and rules behind it, at any instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from events.customers.identity import Edge
from events.envelope import CustomerId, RecordedEvent
from events.facts import fact_of
from events.home import Asked
from events.money import Money
from events.touchpoints.payment import CreditLimitSet
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import CaseExplanation, explain_callbacks, explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.case_board.rows import CallbackRow
from projections.facts import Facts
from projections.receivables.lines import Statement
from projections.receivables.statement import explain as explain_receivables
from projections.timeline.entries import Entry, page
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import ValueExplained, explain_value
from services.audit.acts_tried import Way
from services.audit.known import known_dossier
from services.audit.ways import ways
from services.platform import Platform
from services.walk.by_customer import picture


class LimitSet(Struct, frozen=True):
    """The credit limit that counts in a currency, and of whom it was said.

    Of customers who were merged that is the limit set last, of whichever of them.
    """

    limit: Money
    customer_id: str | None
    since: datetime
    by: str | None
    event_id: str


class Explanation(Struct, frozen=True, kw_only=True):
    """Everything that is known of a customer at an instant, and why.

    Of one who was merged into another by then, it is all that is known of that one.
    """

    merges: Sequence[Edge] = ()  # in force, of all who belong to the customer
    known_at: datetime | None
    position: str
    events: int  # of all kinds in the dossier, later ones included
    receivables: Statement
    limits: Sequence[LimitSet] = ()  # that were set, one in each currency
    value: ValueExplained | None  # None: nothing that counts has happened
    cases: Sequence[CaseExplanation]
    callbacks: Sequence[CallbackRow]  # promised without naming a case
    timeline: Sequence[Entry]  # the newest first
    ways: Sequence[Way]  # acts that would open a gate, keep a deadline, lift a tier


async def explain(
    platform: Platform,
    customer: CustomerId,
    at: Asked,
    known_at: Asked | None,
    entries: int,
) -> Explanation:
    """Return a customer explained as of `at`, of what was recorded by `known_at`.

    Raises: UsageError, for a customer without events; Unavailable.
    """
    async with picture(platform) as seen:
        found = await known_dossier(seen, customer, at, known_at)
        root, told = found.root, found.known
        reference, instant, facts = told.reference, told.at, told.facts
        owed = Facts(facts, RECEIVABLES_EVENTS)
        valued = Facts(facts, VALUE_EVENTS)
        cases = Facts(facts, CASE_EVENTS)
        return Explanation(
            merges=found.merges,
            known_at=told.known_at,
            position=seen.heads.token(),
            events=len(told.events),
            receivables=explain_receivables(root, owed, instant, reference),
            limits=limits_set(told.events, instant),
            value=explain_value(root, valued, instant, reference),
            cases=explain_cases(root, cases, instant, reference),
            callbacks=explain_callbacks(cases, instant, reference),
            timeline=page(
                told.events, entries, wanted=lambda e: e.envelope.effective_at <= instant
            ),
            ways=ways(root, facts, instant, reference),
        )


def limits_set(events: Iterable[RecordedEvent], at: datetime) -> Sequence[LimitSet]:
    """Return the limits set that count as of an instant, by currency: of each the last one."""
    found: dict[str, LimitSet] = {}
    for event in sorted(events, key=lambda event: fact_of(event).fact_key):
        data, envelope = event.data, event.envelope
        if isinstance(data, CreditLimitSet) and envelope.effective_at <= at:
            found[data.limit.currency] = LimitSet(
                data.limit, envelope.subject, envelope.effective_at, data.by, envelope.id
            )
    return [found[currency] for currency in sorted(found)]
