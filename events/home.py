"""Where a customer is at home: whose branch, and whose days, are the customer's own.

At home is the branch that was named last by an instant, at registration or by a change of the
profile; as long as none was, the branch of the customer's earliest fact of any kind. Every
reader of branch, zone and day asks here. Source: domain rules, 11.4.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.calendars import day_end
from events.envelope import FactKey, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered

Asked = date | datetime
"""What is asked about: an instant, or a day: its end where the customer is at home.

An instant without an offset is local time there.
"""

_NAMING = frozenset({CustomerRegistered, CustomerProfileChanged})
_KEY = itemgetter(0)
_DAY_LENGTH = len("2026-03-20")


def asked_about(text: str) -> Asked:
    """Return the day or instant that an ISO 8601 text asks about. Raises: ValueError."""
    if len(text) == _DAY_LENGTH:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def _instant(named: tuple[FactKey, str]) -> datetime:
    return named[0][0]


class Home:
    """Where one customer is at home, from facts of any kind, told in any order, also twice.

    `first` is the branch of the earliest fact, `named` are those that were named as the home.
    """

    __slots__ = ("first", "named")

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.first: tuple[FactKey, str] | None = None
        self.named: list[tuple[FactKey, str]] = []  # in fact order
        self.take_whole(facts if isinstance(facts, Sequence) else list(facts))

    def take_whole(self, dossier: Sequence[Fact]) -> None:
        """Take in the facts of a customer of whom nothing is known yet."""
        if not dossier:
            return
        earliest = min([fact.effective_at for fact in dossier])
        for fact in dossier:
            if fact.effective_at == earliest or type(fact.data) in _NAMING:
                self.remember(fact)

    def remember(self, fact: Fact) -> bool:
        """Take in a fact; return whether the customer may be at home elsewhere since."""
        first = self.first
        # Mostly a fact is later than the first, and its instant says so.
        earlier = first is None or (fact.effective_at <= first[0][0] and fact.fact_key < first[0])
        if earlier:
            self.first = (fact.fact_key, fact.branch_id)
        data = fact.data
        if type(data) not in _NAMING:  # far cheaper than to ask a struct's class for instances
            return earlier
        assert isinstance(data, (CustomerRegistered, CustomerProfileChanged))
        if data.home_branch is None:
            return earlier
        key = fact.fact_key
        i = bisect_left(self.named, key, key=_KEY)
        if i < len(self.named) and self.named[i][0] == key:
            return earlier
        insort(self.named, (key, data.home_branch), key=_KEY)
        return True

    def branch_at(self, at: datetime) -> str | None:
        """Return the branch of the customer as of an instant; None: no fact is known."""
        i = bisect_right(self.named, at, key=_instant)
        if i:
            return self.named[i - 1][1]
        return None if self.first is None else self.first[1]

    def zone_at(self, at: datetime, reference: Reference) -> ZoneInfo:
        """Return the zone of the customer's days as of an instant."""
        return reference.zone_of(self.branch_at(at))

    def end_of(self, day: date, reference: Reference) -> datetime:
        """Return the last instant of a day where the customer is at home by then."""
        return self._local(lambda zone: day_end(day, zone), reference)

    def instant_of(self, asked: Asked, reference: Reference) -> datetime:
        """Return the instant that is asked about, in UTC. Raises: OverflowError."""
        if not isinstance(asked, datetime):
            return self.end_of(asked, reference)
        if asked.tzinfo is not None:
            return asked.astimezone(UTC)
        return self._local(lambda zone: asked.replace(tzinfo=zone).astimezone(UTC), reference)

    def _local(self, meant: Callable[[ZoneInfo], datetime], reference: Reference) -> datetime:
        """Return what is meant in the zone of the home named last, of those named by then."""
        for key, branch in reversed(self.named):
            at = meant(reference.zone_of(branch))
            if key[0] <= at:
                return at
        return meant(reference.zone_of(None if self.first is None else self.first[1]))


def home_of(events: Iterable[RecordedEvent]) -> Home:
    """Return where a customer is at home by its events."""
    return Home(map(fact_of, events))


class Known(NamedTuple):
    """What to assess of one customer: the events and rules known then, and the instant."""

    events: Sequence[RecordedEvent]
    facts: Sequence[Fact]  # of the events
    reference: Reference
    at: datetime
    known_at: datetime | None


def known(
    events: Sequence[RecordedEvent], reference: Reference, at: Asked, known_at: Asked | None
) -> Known:
    """Return a customer's events of any kind as they were known, and the instants asked about.

    A day is that of where the customer is at home: as known of all that is known today, as of of
    what was known. As known alone is asked by the same for both (domain rules, 11.5).
    """
    facts = [fact_of(event) for event in events]
    home = Home(facts)
    if known_at is None:
        return Known(events, facts, reference, home.instant_of(at, reference), None)
    by = home.instant_of(known_at, reference)
    known_events = [event for event in events if event.recorded_at <= by]
    known_facts = [fact_of(event) for event in known_events]
    rules = _rules_known(reference, by)
    if at == known_at:
        return Known(known_events, known_facts, rules, by, by)
    if known_facts:
        home = Home(known_facts)
    return Known(known_events, known_facts, rules, home.instant_of(at, rules), by)


@lru_cache(maxsize=64)
def _rules_known(reference: Reference, by: datetime) -> Reference:
    """Return the rules known at an instant, the same object for every customer."""
    return reference.known_at(by)
