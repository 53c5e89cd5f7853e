"""Why an alert does not stand: the event that made it untrue, or the passing of time.

Also where it never stood as the facts are known now: a payment that came in late, effective
before the alert was raised, is what the withdrawal cites (scenario 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from projections.books.records import Item, Step
from projections.protocol import AlertKey, Cause
from projections.receivables.promises import PromiseState, is_open, step_at
from projections.receivables.reading import HoldSpan, ReceivablesAt

_HELD_BY = {
    "collection": "handed_to_collection",
    "dispute": "disputed",
    "held": "held",
    "promise": "promised",
}


def cause_of_item(reading: ReceivablesAt, item: Item, key: AlertKey, t: datetime) -> Cause:
    """Return why an alert did not stand on an item at `t`."""
    step = step_at(item, t)
    if step is None:
        return Cause("corrected")
    if not step.balance:
        closing = _closing_before(item, t)
        return Cause(closing.reason, closing.event_id)
    if key.kind == "due_soon":
        return _cause_of_soon(reading, item, step, t)
    if key.kind == "overdue":
        return _cause_of_overdue(reading, item, step, key.threshold, t)
    return _cause_of_dunning(reading, item, key.threshold, t)


def _closing_before(item: Item, t: datetime) -> Step:
    steps = [step for step in item.steps if step.at <= t]
    i = len(steps) - 1
    while i and not steps[i - 1].balance:
        i -= 1
    return steps[i]


def _amendment(item: Item, t: datetime) -> Cause | None:
    """The latest change of the due date by `t`."""
    steps = [step for step in item.steps if step.at <= t]
    for before, after in zip(reversed(steps[:-1]), reversed(steps), strict=False):
        if before.due_on != after.due_on:
            return Cause("amended", after.event_id)
    return None


def _cause_of_soon(reading: ReceivablesAt, item: Item, step: Step, t: datetime) -> Cause:
    if reading.days.today(t) > step.due_on.toordinal():
        return _just_amended(item, t) or Cause("time")
    return _amendment(item, t) or Cause("corrected")


def _just_amended(item: Item, t: datetime) -> Cause | None:
    last = step_at(item, t)
    return _amendment(item, t) if last is not None and last.at == t else None


def _cause_of_overdue(
    reading: ReceivablesAt, item: Item, step: Step, threshold: int, t: datetime
) -> Cause:
    standing = reading.rules.threshold(step.due_on.toordinal(), reading.days.today(t), reading.days)
    if standing is not None and standing > threshold:
        return _just_amended(item, t) or Cause("superseded")
    return _amendment(item, t) or Cause("corrected")


def _cause_of_dunning(reading: ReceivablesAt, item: Item, level: int, t: datetime) -> Cause:
    sent = [n for n in item.notices if n.level >= level and n.at <= t]
    if sent:
        return Cause("sent", max(sent, key=lambda notice: notice.at).event_id)
    for span in reading.holds(item):
        if span.start <= t < span.end:
            return _held(span)
    return _amendment(item, t) or Cause("corrected")


def _held(span: HoldSpan) -> Cause:
    return Cause(_HELD_BY[span.reason], span.event_id)


def cause_of_promise(reading: ReceivablesAt, promise: PromiseState, t: datetime) -> Cause:
    """Return why no alert of a broken promise stood at `t`: mostly the payment that kept it."""
    note = promise.note
    entries = sorted(
        (e for item in promise.items for e in item.entries if e.source.kind == "payment"),
        key=lambda e: e.serial,
    )
    got = 0
    for entry in entries:
        if entry.serial > note.serial and entry.at <= t:
            if entry.undone_at is None or entry.undone_at > t:
                got += entry.amount
            if got >= note.amount:
                return Cause("paid", entry.source.event_id)
    closed = [_closing_before(i, t) for i in promise.items if i.steps and not is_open(i, t)]
    if closed:
        last = max(closed, key=lambda step: step.at)
        return Cause(last.reason, last.event_id)
    return Cause("promised" if promise.verdict == "live" else "corrected", note.event_id)


class ClearedAlerts(Mapping[AlertKey, Cause]):
    """For every key that has stood or could stand and does not: why; found out when asked."""

    def __init__(self, reading: ReceivablesAt, standing: frozenset[AlertKey]) -> None:
        self._reading = reading
        self._standing = standing

    def __getitem__(self, key: AlertKey) -> Cause:
        if key in self._standing:
            raise KeyError(key)
        reading = self._reading
        if key.kind in ("due_soon", "overdue", "dunning_due"):
            item = reading.book.items.get(key.subject)
            if item is not None:
                return cause_of_item(reading, item, key, reading.at)
        elif key.kind == "broken_promise":
            for promise in reading.promises.states:
                if promise.note.promise_id == key.subject:
                    return cause_of_promise(reading, promise, reading.at)
        elif key.kind == "limit_exceeded":
            account = reading.book.accounts.get(key.subject)
            if account is not None and account.relief is not None:
                return Cause(*account.relief)
        raise KeyError(key)

    def _keys(self) -> Iterator[AlertKey]:
        reading = self._reading
        for item_id in reading.book.items:
            yield AlertKey("due_soon", item_id, 0)
            yield from (AlertKey("overdue", item_id, k) for k in reading.rules.thresholds)
            yield from (AlertKey("dunning_due", item_id, level) for level in (1, 2, 3))
        for promise in reading.promises.states:
            yield AlertKey("broken_promise", promise.note.promise_id, 0)
        for account in reading.book.accounts.values():
            if account.relief is not None:
                yield AlertKey("limit_exceeded", account.currency, 0)

    def __iter__(self) -> Iterator[AlertKey]:
        return (key for key in self._keys() if key not in self._standing)

    def __len__(self) -> int:
        return sum(1 for _ in self)
