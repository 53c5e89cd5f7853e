"""What a command would change, before anybody gives it: rows, alerts and deadlines.

The customer's facts are assessed without and with the events that the command would record, by
every projection that has to do with them. Nothing is written, and no room is reserved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.customers.identity import involved
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from services.casework.comparing import Changes, compared
from services.casework.customers import Customers
from services.casework.executing import Order, submission
from services.intake.draft import Draft
from services.log.readable import fact_of
from services.ports import Submission
from services.vault.subject_key import SubjectKey


async def changes(
    customers: Customers, unit: Sequence[Submission], reference: Reference
) -> Changes | None:
    """Return what events would change that were only tried; None: they are about nobody.

    Of a merge, or the end of one, that is what would change of all whom it concerns.
    Raises: Unavailable, UnreadableEvent.
    """
    news: dict[CustomerId, list[Fact]] = {}
    for one in unit:
        if one.envelope.subject is not None:
            news.setdefault(one.envelope.subject, []).append(fact_tried(one))
    if not news:
        return None
    group = await customers.read(*concerned(news))
    return compared(group, news, unit[-1].envelope.effective_at, reference)


def concerned(news: Mapping[CustomerId, Sequence[Fact]]) -> Sequence[CustomerId]:
    """Return whom events are about, and whom they would connect or part."""
    return sorted({*news}.union(*(involved(fact) for some in news.values() for fact in some)))


def fact_tried(submission: Submission) -> Fact:
    """Return an event that would be recorded as projections read it."""
    e = submission.envelope
    return Fact(e.id, e.effective_at, e.branch_id, e.source, e.epoch, e.sequence, submission.data)


def news_of(draft: Draft, order: Order, key: SubjectKey | None) -> Fact:
    """Return what an order would record; `key` is needed where something would be sealed.

    Raises: EventRefused.
    """
    if draft.personal is None or key is None:
        return fact_of(draft.envelope, draft.data)
    return fact_tried(submission(order, draft, key))
