"""The versions of a policy as times in which each is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from events.policy import Reference
from events.touchpoints.policy import PolicyRecord
from projections.books.days import BEGINNING, ENDING

P = TypeVar("P", bound=PolicyRecord)


class Term(NamedTuple, Generic[P]):
    """A version of a policy and the time [start, end) in which it is in force."""

    start: datetime
    end: datetime
    policy: P


def terms_of(reference: Reference, kind: type[P]) -> tuple[Term[P], ...]:
    """Return the versions of a policy in time order, the domain's defaults first."""
    starts = [BEGINNING]
    for version in reference.versions(kind):
        if version.effective_from != starts[-1]:
            starts.append(version.effective_from)
    ends = [*starts[1:], ENDING]
    return tuple(
        Term(start, end, reference.in_force(kind, start))
        for start, end in zip(starts, ends, strict=True)
    )
