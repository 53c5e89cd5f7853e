"""The books read at an instant, in the local days of the customer's home branch.

Everything here answers "how did it stand at t" for any t up to the asked instant, from what
the books keep of the past. The zone is that of the home branch as of the asked instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from events.calendars import INSTANT
from events.policy import Reference
from projections.protocol import Facts
from projections.receivables.books import Entry, Hold, Item, Step
from projections.receivables.ledger import PromiseNote
from projections.receivables.replay import replay
from projections.receivables.rows import HoldReason
from projections.receivables.rules import ENDING, Days, rules_of

Verdict = Literal["live", "kept", "broken"]


class HoldSpan(NamedTuple):
    """A time [start, end) in which an item is not dunned, and why."""

    start: datetime
    end: datetime
    reason: HoldReason
    event_id: str


class PromiseState(NamedTuple):
    """A promise with the items that it is about and its verdict."""

    note: PromiseNote
    items: Sequence[Item]
    judged_at: datetime
    verdict: Verdict
    received: int  # by the end of its day, or so far


def step_at(item: Item, t: datetime) -> Step | None:
    """Return how an item stood at `t`; None: it was not there yet."""
    steps = item.steps
    i = bisect_right(steps, t, key=lambda step: step.at)
    return steps[i - 1] if i else None


def spans_of(holds: Sequence[Hold], days: Days) -> Iterator[HoldSpan]:
    """Yield when holds of one scope are in force: each until its day ends or the next one."""
    for k, hold in enumerate(holds):
        end = ENDING if hold.until is None else days.start(hold.until.toordinal() + 1)
        if k + 1 < len(holds):
            end = min(end, holds[k + 1].at)
        if hold.at < end:
            yield HoldSpan(hold.at, end, "held", hold.event_id)


class Reading:
    """One customer's books at an instant."""

    def __init__(self, facts: Facts, at: datetime, reference: Reference) -> None:
        self.at = at
        self.rules = rules_of(reference)
        self.book = replay(facts, at, self.rules)
        first = next(iter(facts), None)
        fallback = first.envelope.branch_id if first is not None else None
        self.branch_id = self.book.home_branch or fallback
        self.days = Days(reference.zone_of(self.branch_id))
        self.today = self.days.today(at)
        self.promises = [self._judge(note) for note in self.book.promises]
        self.promised: dict[str, list[PromiseState]] = {}
        for promise in self.promises:
            for item in promise.items:
                self.promised.setdefault(item.item_id, []).append(promise)
        accounts = self.book.accounts.values()
        due_days = [item.due_on for account in accounts for item in account.items if item.balance]
        self.longest_overdue = self.today - min(due_days).toordinal() if due_days else 0
        self.max_overdue = self.rules.credit_policy(at).max_days_overdue
        self.customer_spans = tuple(spans_of(self.book.customer_holds, self.days))

    # --- promises (decision 24) ---

    def _judge(self, note: PromiseNote) -> PromiseState:
        """Judge a promise when its local day has ended.

        Kept: its items received the amount in payments after it was made and before the day
        was over, or had nothing open any more by then. A payment of the next day's first
        instant is a day late.
        """
        items = self._promised_items(note)
        judged_at = max(self.days.start(note.promised_on.toordinal() + 1), note.at)
        if self.at < judged_at:
            return PromiseState(note, items, judged_at, "live", self.received(note, items, self.at))
        eve = judged_at - INSTANT
        received = self.received(note, items, eve)
        closed = bool(items) and not any(self.is_open(item, eve) for item in items)
        kept = received >= note.amount or closed
        return PromiseState(note, items, judged_at, "kept" if kept else "broken", received)

    def _promised_items(self, note: PromiseNote) -> Sequence[Item]:
        """The invoices named; else all overdue when it was made; else all that was open."""
        if note.invoice_ids:
            found = {
                item.item_id: item
                for ref in note.invoice_ids
                for item in self.book.items_of(ref) or ()
                if item.invoice.currency == note.account.currency
            }
            return tuple(found.values())
        made_on = self.days.of(note.at)
        steps = [(item, step_at(item, note.at)) for item in dict.fromkeys(note.open_items)]
        owed = [(item, step.due_on) for item, step in steps if step is not None and step.balance]
        overdue = tuple(item for item, due_on in owed if due_on.toordinal() < made_on)
        return overdue or tuple(item for item, _ in owed)

    def received(self, note: PromiseNote, items: Sequence[Item], t: datetime) -> int:
        """Return what the items received in payments since the promise, net, by `t`."""
        return sum(e.amount for item in items for e in item.entries if _counts(e, note, t))

    def is_open(self, item: Item, t: datetime) -> bool:
        """Return whether anything of the item was owed at `t`."""
        step = step_at(item, t)
        return step is not None and step.balance > 0

    # --- dunning ---

    def holds(self, item: Item) -> list[HoldSpan]:
        """Return what holds or held the item's dunning, the strongest reason first."""
        spans: list[HoldSpan] = []
        if item.collection is not None:
            start = item.collection.start
            spans.append(HoldSpan(start, ENDING, "collection", item.collection.event_id))
        for dispute in item.disputes:
            end = dispute.end or ENDING
            spans.append(HoldSpan(dispute.start, end, "dispute", dispute.event_id))
        spans.extend(spans_of(item.holds, self.days))
        spans.extend(self.customer_spans)
        for promise in self.promised.get(item.item_id, ()):
            span = HoldSpan(promise.note.at, promise.judged_at, "promise", promise.note.event_id)
            spans.append(span)
        return spans

    def is_plain(self, item: Item) -> bool:
        """Return whether nothing ever held the item's dunning and no notice of it went out."""
        return not (
            item.notices
            or item.disputes
            or item.holds
            or item.collection
            or self.customer_spans
            or item.item_id in self.promised
        )

    def level_sent(self, item: Item, t: datetime) -> tuple[int | None, datetime | None]:
        """Return the highest level sent by `t`, and when it was first sent.

        A notice about an invoice in instalments counts for those it can be meant for: level
        0 for those not yet past due when it went out, the others for those past due.
        """
        level: int | None = None
        sent_at: datetime | None = None
        for notice in item.notices:
            if notice.at > t or (level is not None and notice.level <= level):
                continue
            if notice.shared:
                past_due = item.due_on.toordinal() < self.days.of(notice.at)
                if past_due != (notice.level > 0):
                    continue
            level, sent_at = notice.level, notice.at
        return level, sent_at

    def ready_at(self, level: int | None, sent_at: datetime | None, due: int) -> datetime | None:
        """Return when the level after `level` falls due; level 1 does not need the notice."""
        following = 1 if not level else level + 1
        sent_day = self.days.of(sent_at) if sent_at is not None else None
        return self.rules.dunning_from(following, due, self.days, sent_day)

    def due_level(self, item: Item, t: datetime, spans: Sequence[HoldSpan]) -> int | None:
        """Return the level that was to be sent at `t`: due, unsent and not held."""
        step = step_at(item, t)
        if step is None or not step.balance:
            return None
        if any(span.start <= t < span.end for span in spans):
            return None
        level, sent_at = self.level_sent(item, t)
        due = step.due_on.toordinal()
        ready = self.ready_at(level, sent_at, due)
        if ready is not None and ready <= t:
            return 1 if not level else level + 1
        if level is None:
            notice = self.rules.dunning_from(0, due, self.days, None)
            if notice is not None and notice <= t < self.days.start(due + 1):
                return 0
        return None


def _counts(entry: Entry, note: PromiseNote, t: datetime) -> bool:
    return (
        entry.source.kind == "payment"
        and entry.serial > note.serial
        and entry.at <= t
        and (entry.undone_at is None or entry.undone_at > t)
    )
