"""Which words about a customer hold at an instant: the latest, and its own before others'. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter

from events.envelope import CustomerId
from events.facts import Fact


def latest_words(
    told_of: Mapping[CustomerId, Iterable[Fact]], customer: CustomerId, at: datetime
) -> Iterator[tuple[CustomerId, Fact]]:
    """Yield what was told of a customer by an instant, then what was told of those merged into it.

    Of each the latest comes first: of a field that several name, the first named holds.
    """
    for of in sorted(told_of, key=lambda one: (one != customer, one)):
        for fact in sorted(told_of[of], key=attrgetter("fact_key"), reverse=True):
            if fact.effective_at <= at:
                yield of, fact
