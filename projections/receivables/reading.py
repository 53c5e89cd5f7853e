"""The books read at an instant, in the local days of where the customer is at home.

Everything here answers "how did it stand at t" for any t up to the asked instant, from what
the books keep of the past. Branch and zone are those of the home as of the asked instant
(events.home).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from events.policy import Reference
from projections.books.charges import Announced
from projections.books.days import ENDING, Days, days_in
from projections.books.interest import NO_INTEREST, Interest, interest_of
from projections.books.ledger import Ledger
from projections.books.records import Hold, Item
from projections.books.replay import walk
from projections.facts import Facts
from projections.receivables.promises import Promises, step_at
from projections.receivables.rows import HoldReason
from projections.receivables.rules import rules_of


class HoldSpan(NamedTuple):
    """A time [start, end) in which an item is not dunned, and why."""

    start: datetime
    end: datetime
    reason: HoldReason
    event_id: str


def spans_of(holds: Sequence[Hold], days: Days) -> Iterator[HoldSpan]:
    """Yield when holds of one scope are in force: each until its day ends or the next one."""
    for k, hold in enumerate(holds):
        end = ENDING if hold.until is None else days.start(hold.until.toordinal() + 1)
        if k + 1 < len(holds):
            end = min(end, holds[k + 1].at)
        if hold.at < end:
            yield HoldSpan(hold.at, end, "held", hold.event_id)


class Frame(NamedTuple):
    """What rows depend on besides the books: where the customer is at home, and its days."""

    branch_id: str | None
    zone: str


class EarlierReading(Protocol):
    """The books as they were read before, with the promises as judged in that frame."""

    book: Ledger
    frame: Frame | None
    promises: Promises


class ReceivablesAt:
    """One customer's books at an instant.

    `promised` are the items of promises that were, or are now, not settled for good.
    """

    def __init__(
        self, facts: Facts, at: datetime, reference: Reference, kept: EarlierReading | None = None
    ) -> None:
        """Read the facts from the first, or from where `kept` books stand."""
        self.at = at
        self.rules = rules_of(reference)
        self.book = Ledger(self.rules) if kept is None else kept.book
        walk(self.book, facts, at)
        self.branch_id = facts.home.branch_at(at)
        self.days = days_in(reference.zone_of(self.branch_id))
        self.frame = Frame(self.branch_id, self.days.tz.key)
        self.today = self.days.today(at)
        if kept is not None and kept.frame == self.frame:
            self.promises = kept.promises
        else:
            self.promises = Promises(self.book, self.days)
        self.promised = self.promises.judge(at)
        accounts = self.book.accounts.values()
        due_days = [item.due_on for account in accounts for item in account.open_items]
        self.longest_overdue = self.today - min(due_days).toordinal() if due_days else 0
        self.max_overdue = self.rules.credit_policy(at).max_days_overdue
        self.customer_spans = tuple(spans_of(self.book.customer_holds, self.days))
        self.fees = self.rules.fees

    # --- interest ---

    def interest(self, item: Item) -> Interest:
        """Return the term of an item's interest."""
        if self.fees is None:
            return NO_INTEREST
        return interest_of(item, self.fees, self.days, self.at)

    def announced(self, item: Item) -> list[Announced]:
        """Return the fees that were announced on an item."""
        charges = self.book.charges
        return [] if charges is None else [fee for fee in charges.announced if fee.item is item]

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
        for promise in self.promises.about(item):
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
            or self.promises.name(item)
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
        if step is None or not step.balance or item.on is not None:
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
