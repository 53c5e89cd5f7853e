"""When a customer's receivables change next if nothing more arrives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

from projections.books.commitments import Check
from projections.books.days import ENDING
from projections.books.records import Item, Source
from projections.receivables.reading import ReceivablesAt


def next_change(reading: ReceivablesAt) -> datetime | None:
    """Return the earliest instant after now at which a row or alert may change by itself.

    That is the next fact known to take effect later, the end of a reservation or check, a
    promise's judgement, another version of a policy, or a local day on which an open item
    is due soon, overdue, to be dunned, past an alert's threshold, or too old for the gate, or on
    which interest on it begins to run.
    """
    at = reading.at
    found = list(_from_books(reading))
    day: int | None = None
    for account in reading.book.accounts.values():
        for item in account.open_items:
            nearest = _next_day(reading, item)
            if nearest is not None and (day is None or nearest < day):
                day = nearest
            if reading.fees is not None:
                nearest = interest_begins(reading, item)
                if nearest is not None and (day is None or nearest < day):
                    day = nearest
            if not reading.is_plain(item):
                found.extend(_from_dunning(reading, item))
    if day is not None:
        found.append(reading.days.start(day))
    return min((t for t in found if at < t < ENDING), default=None)


def _from_books(reading: ReceivablesAt) -> Iterator[datetime]:
    book, rules, at = reading.book, reading.rules, reading.at
    if book.next_fact_at is not None:
        yield book.next_fact_at
    for deadline in book.deadlines:
        target = deadline.target
        if isinstance(target, Source):
            live = target.reserved and target.release_at == deadline.at
        else:
            live = not isinstance(target, Check) or target.room > 0
        if live:
            yield deadline.at
    for promise in reading.promises.live():
        yield promise.judged_at
    if book.accounts:
        yield from rules.alerts_starts
        yield from rules.dunning_starts
        yield from (term.start for term in rules.credit[1:] if term.start > at)


def interest_begins(reading: ReceivablesAt, item: Item) -> int | None:
    """Return the day on which interest on an item begins to run, if that is still to come."""
    term = reading.interest(item)
    return term.day + 1 if term.rate and term.day >= reading.today else None


def _next_day(reading: ReceivablesAt, item: Item) -> int | None:
    offsets = reading.rules.offsets
    due = item.due_on.toordinal()
    i = bisect_right(offsets, reading.today - due)
    return due + offsets[i] if i < len(offsets) else None


def _from_dunning(reading: ReceivablesAt, item: Item) -> Iterator[datetime]:
    for span in reading.holds(item):
        yield span.start
        yield span.end
    level, sent_at = reading.level_sent(item, reading.at)
    if level is not None:
        ready = reading.ready_at(level, sent_at, item.due_on.toordinal())
        if ready is not None:
            yield ready
