"""Which alerts stand on an item, a promise or a credit limit, and since when.

due_soon         from some days before the due date until the due date is over
overdue          at each published number of days past due; only the highest of an item stands
dunning_due      while a level (1 and up) is to be sent; of the notice before the due date
                 due_soon says enough
limit_exceeded   while the exposure in a currency is above the limit
broken_promise   from the end of the promised day until the amount has come in or nothing of
                 what was promised is open

A fee, and interest that was charged, raises none: it follows what it is on. Interest that runs is
part of the exposure, and exceeds the limit at the midnight at which it does.

An alert ends at the instant of what made it untrue; true again, it is a new episode
(decision 31). Disputes hold dunning, not the alerts of age (decision 26). Until it ends it stands,
with what was done about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from events.envelope import CustomerId
from projections.alert_care import with_care
from projections.books.account import Account
from projections.books.records import Item
from projections.protocol import Alert, AlertKey, Cause, Episode
from projections.receivables.causes import cause_of_item, cause_of_promise
from projections.receivables.promises import PromiseState, is_open, received, step_at
from projections.receivables.reading import ReceivablesAt
from projections.receivables.stretches import Stretch, item_stretches


def standing_on_item(
    reading: ReceivablesAt, item: Item, due_level: int | None
) -> Iterator[Stretch]:
    """Yield what stands on an open item now, by the short way where its past is simple."""
    if item.on is not None:
        return
    first = item.steps[0]
    if any(not step.balance or step.due_on != first.due_on for step in item.steps) or (
        due_level and not reading.is_plain(item)
    ):
        yield from (s for s in item_stretches(reading, item) if s.until is None)
        return
    days, rules, due = reading.days, reading.rules, item.due_on.toordinal()
    past = reading.today - due
    if past <= 0 and -past <= rules.soon_days[-1]:
        soon = rules.soon_from(due, days)
        if soon is not None and soon <= reading.at:
            yield Stretch(AlertKey("due_soon", item.item_id, 0), max(soon, first.at), None)
    threshold = rules.threshold(due, reading.today, days)
    if threshold is not None:
        since = max(days.start(due + threshold), first.at)
        yield Stretch(AlertKey("overdue", item.item_id, threshold), since, None)
    if due_level:
        ready = rules.dunning_from(due_level, due, days, None)
        assert ready is not None
        key = AlertKey("dunning_due", item.item_id, due_level)
        yield Stretch(key, max(ready, first.at), None)


def promise_stretches(reading: ReceivablesAt, promise: PromiseState) -> list[Stretch]:
    """Return when the alert of a broken promise stood."""
    if promise.verdict != "broken":
        return []
    note, items = promise.note, promise.items
    found = {promise.judged_at}
    found.update(step.at for item in items for step in item.steps)
    for item in items:
        for entry in item.entries:
            found.add(entry.at)
            if entry.undone_at is not None:
                found.add(entry.undone_at)
    key = AlertKey("broken_promise", note.promise_id, 0)
    stretches: list[Stretch] = []
    since: datetime | None = None
    for t in sorted(t for t in found if promise.judged_at <= t <= reading.at):
        owed = received(note, items, t) < note.amount
        stands = owed and any(is_open(item, t) for item in items)
        if stands and since is None:
            since = t
        elif not stands and since is not None:
            stretches.append(Stretch(key, since, t))
            since = None
    if since is not None:
        stretches.append(Stretch(key, since, None))
    return stretches


class AlertBook:
    """The alerts of one customer at an instant, and its past episodes."""

    def __init__(self, customer: CustomerId, reading: ReceivablesAt) -> None:
        self.customer = customer
        self.reading = reading

    def _alert(self, stretch: Stretch, item: Item | None, currency: str, amount: int) -> Alert:
        reading = self.reading
        alert = Alert(
            kind=stretch.key.kind,
            subject=stretch.key.subject,
            threshold=stretch.key.threshold,
            customer_id=self.customer,
            branch_id=reading.branch_id,
            since=stretch.since,
            currency=currency,
            amount_minor=amount,
        )
        return alert if stretch.until else with_care(alert, reading.book.cares, reading.at)

    def on_item(self, item: Item, due_level: int | None) -> list[Alert]:
        """Return what stands on an open item now, each for the balance still open."""
        return [
            self._alert(stretch, item, item.invoice.currency, item.balance)
            for stretch in standing_on_item(self.reading, item, due_level)
        ]

    def on_promise(self, promise: PromiseState) -> list[Alert]:
        """Return the alert of a broken promise that stands now, for what is still missing."""
        return [
            self._promise_alert(promise, stretch)
            for stretch in promise_stretches(self.reading, promise)
            if stretch.until is None
        ]

    def _promise_alert(self, promise: PromiseState, stretch: Stretch) -> Alert:
        note = promise.note
        at = self.reading.at if stretch.until is None else stretch.since
        missing = note.amount - received(note, promise.items, at)
        return self._alert(stretch, None, note.account.currency, max(0, missing))

    def on_limit(self, account: Account) -> list[Alert]:
        """Return the alert of an exceeded limit, for what is above it."""
        if not account.over or account.over[-1].end is not None:
            return []
        limit = self.reading.book.limit_of(account, self.reading.at) or 0
        stretch = Stretch(_limit_key(account), account.over[-1].start, None)
        exposure = account.exposure if self.reading.fees is None else account.seen_exposure
        return [self._alert(stretch, None, account.currency, exposure - limit)]

    def episodes(self) -> list[Episode]:
        """Return every episode up to now; one that ended has the amount it began with."""
        reading = self.reading
        found: list[Episode] = []
        for item in reading.book.items.values():
            for stretch in item_stretches(reading, item):
                step = step_at(item, stretch.since) if stretch.until else None
                amount = step.balance if step else item.balance
                alert = self._alert(stretch, item, item.invoice.currency, amount)
                cause = stretch.until and cause_of_item(reading, item, alert.key, stretch.until)
                found.append(Episode(alert, stretch.until, cause or None))
        for promise in reading.promises.states:
            for stretch in promise_stretches(reading, promise):
                alert = self._promise_alert(promise, stretch)
                ended = stretch.until and cause_of_promise(reading, promise, stretch.until)
                found.append(Episode(alert, stretch.until, ended or None))
        for account in reading.book.accounts.values():
            found.extend(self._limit_episodes(account))
        return found

    def _limit_episodes(self, account: Account) -> Iterator[Episode]:
        for alert in self.on_limit(account):
            yield Episode(alert, None, None)
        for spell in account.over:
            if spell.end is not None:
                stretch = Stretch(_limit_key(account), spell.start, spell.end)
                alert = self._alert(stretch, None, account.currency, 0)
                yield Episode(alert, spell.end, Cause(spell.label, spell.ended_by))


def _limit_key(account: Account) -> AlertKey:
    return AlertKey("limit_exceeded", account.currency, 0)
