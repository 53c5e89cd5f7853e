"""One customer explained: every figure with the events and rules behind it, at any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from events.envelope import CustomerId
from projections.books.replay import HANDLED as RECEIVABLES_EVENTS
from projections.case_board.explain import CaseExplanation, explain_cases
from projections.case_board.replay import HANDLED as CASE_EVENTS
from projections.protocol import Facts
from projections.receivables.statement import Statement
from projections.receivables.statement import explain as explain_receivables
from projections.timeline.entries import Entry, page
from projections.value_tiers.books import HANDLED as VALUE_EVENTS
from projections.value_tiers.explain import ValueExplained, explain_value
from services.audit.known import known_dossier
from services.platform import Platform
from services.walk.by_customer import picture


class Explanation(Struct, frozen=True, kw_only=True):
    """Everything that is known of a customer at an instant, and why."""

    known_at: datetime | None
    position: str
    events: int  # of all kinds in the dossier, later ones included
    receivables: Statement
    value: ValueExplained | None  # None: nothing that counts has happened
    cases: Sequence[CaseExplanation]
    timeline: Sequence[Entry]  # the newest first


async def explain(
    platform: Platform,
    customer: CustomerId,
    at: datetime,
    known_at: datetime | None,
    entries: int,
) -> Explanation:
    """Return a customer explained at `at`, of what was recorded by `known_at`.

    Raises: UsageError, for a customer without events; Unavailable.
    """
    async with picture(platform) as seen:
        known = await known_dossier(seen, customer, known_at)
        reference = await seen.reference(known_at)

        def facts(handled: frozenset[type]) -> Facts:
            return Facts(event for event in known if type(event.data) in handled)

        return Explanation(
            known_at=known_at,
            position=seen.heads.token(),
            events=len(known),
            receivables=explain_receivables(customer, facts(RECEIVABLES_EVENTS), at, reference),
            value=explain_value(customer, facts(VALUE_EVENTS), at, reference),
            cases=explain_cases(customer, facts(CASE_EVENTS), at, reference),
            timeline=page(known, entries, wanted=lambda e: e.envelope.effective_at <= at),
        )
