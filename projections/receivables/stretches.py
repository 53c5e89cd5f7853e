"""When each alert of an item stood, over all its past.

An item's past is cut where its due date or what else the alerts go by becomes another; between
two cuts every alert stands from one instant to another, both worked out at once. An alert that
stands on both sides of a cut never ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from projections.books.days import ENDING
from projections.books.records import Item
from projections.protocol import AlertKey
from projections.receivables.reading import HoldSpan, ReceivablesAt


class Stretch(NamedTuple):
    """A key that stood on [since, until); no end: it stands."""

    key: AlertKey
    since: datetime
    until: datetime | None


def item_stretches(reading: ReceivablesAt, item: Item) -> list[Stretch]:
    """Return every alert that stood on the item up to now, oldest first; on a charge none did."""
    if item.on is not None:
        return []
    found = _Found(reading, item)
    steps = item.steps
    i, count = 0, len(steps)
    while i < count:
        step = steps[i]
        i += 1
        if not step.balance:
            continue
        while i < count and steps[i].balance and steps[i].due_on == step.due_on:
            i += 1  # something was paid of it
        found.owed(step.due_on.toordinal(), step.at, steps[i].at if i < count else ENDING)
    found.stretches.sort(key=_oldest_first)
    return found.stretches


def _oldest_first(stretch: Stretch) -> tuple[datetime, AlertKey]:
    return stretch.since, stretch.key


class _Found:
    """Gathers the stretches of an item, piece by piece of its past, in the order of time."""

    def __init__(self, reading: ReceivablesAt, item: Item) -> None:
        self.stretches: list[Stretch] = []
        self._reading = reading
        self._item = item
        self._spans: Sequence[HoldSpan] = reading.holds(item)
        self._latest: dict[AlertKey, int] = {}  # where the last stretch of each key is

    def owed(self, due: int, start: datetime, end: datetime) -> None:
        """Go through [start, end), in which something was owed by one due day."""
        reading = self._reading
        days, rules = reading.days, reading.rules
        soon = rules.soon_from(due, days)
        if soon is not None:
            self._stood("due_soon", 0, max(start, soon), min(end, days.start(due + 1)))
        following = end
        for threshold in rules.thresholds:  # the highest first: it takes the others' place
            crossed = days.start(due + threshold)
            if crossed <= reading.at and rules.names(due, threshold, days):
                self._stood("overdue", threshold, max(start, crossed), following)
                following = min(following, crossed)
                if crossed <= start:
                    break
        if self._item.notices or self._spans:
            self._dunned(due, start, end)
        else:
            self._to_be_sent(None, None, due, start, end)

    def _dunned(self, due: int, start: datetime, end: datetime) -> None:
        """Go through it from one notice, or beginning or end of a hold, to the next."""
        cuts = {start, end}
        for notice in self._item.notices:
            cuts.add(notice.at)
        for span in self._spans:
            cuts.add(span.start)
            cuts.add(span.end)
        pieces = sorted(cut for cut in cuts if start <= cut <= end)
        for since, until in pairwise(pieces):
            if since > self._reading.at:
                return
            if not any(span.start <= since < span.end for span in self._spans):
                level, sent_at = self._reading.level_sent(self._item, since)
                self._to_be_sent(level, sent_at, due, since, until)

    def _to_be_sent(
        self,
        level: int | None,
        sent_at: datetime | None,
        due: int,
        start: datetime,
        end: datetime,
    ) -> None:
        ready = self._reading.ready_at(level, sent_at, due)
        if ready is not None:
            self._stood("dunning_due", level + 1 if level else 1, max(start, ready), end)

    def _stood(self, kind: str, threshold: int, since: datetime, until: datetime) -> None:
        """Take note of a stretch, which may go on from the one before of its key."""
        now = self._reading.at
        if since >= until or since > now:
            return
        key = AlertKey(kind, self._item.item_id, threshold)
        ended = until if until <= now else None
        before = self._latest.get(key)
        if before is not None and self.stretches[before].until == since:
            self.stretches[before] = Stretch(key, self.stretches[before].since, ended)
            return
        self._latest[key] = len(self.stretches)
        self.stretches.append(Stretch(key, since, ended))
