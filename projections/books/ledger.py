"""The state of one customer's receivables while its facts are walked in effective order.

What a fact cites and nobody has seen yet is remembered and applied when it appears, so that
the result depends on the order of facts alone and never on the order of delivery.
Of two facts that use one identifier the earliest in fact order counts; the later is listed
as ignored (a payment's is a suspected double report instead, so that no money is lost).
"""

from __future__ import annotations

import heapq
from datetime import date, datetime, timedelta

from events.alert_care import Care
from events.facts import Fact
from events.home import Home
from events.money import Money
from events.uses import Use
from projections.books.account import Account
from projections.books.charges import Charged, Charges
from projections.books.commitments import Check, Deadline, Ignored, Order, Override, PromiseNote
from projections.books.days import BEGINNING, Days, days_in
from projections.books.records import NOTHING, Hold, Invoice, Item, Source, Spell, more_of
from projections.books.rules import BookRules


class Ledger(Charged):
    """Everything the facts up to an instant say about one customer's receivables.

    It goes on from the first `walked` facts, the last of them at `walked_at`, as long as every
    further fact is later than `passed_at`, the latest deadline that took effect.
    """

    def __init__(self, rules: BookRules) -> None:
        self.rules = rules
        self.charges = None if rules.fees is None else Charges(rules.fees, self)
        self.accounts: dict[str, Account] = {}
        self.invoices: dict[str, Invoice] = {}
        self.items: dict[str, Item] = {}
        self.orders: dict[str, Order] = {}
        self.by_order: dict[str, tuple[Invoice, ...]] = {}
        self.billed: dict[tuple[str, str], int] = {}  # by order and currency
        self.cancelled_orders: set[str] = set()
        self.delivered_orders: dict[str, datetime] = {}  # of orders not seen yet
        self.payments: dict[str, tuple[Source, ...]] = {}
        self.doubles: dict[tuple[str, str, int], tuple[Source, ...]] = {}
        self.verdicts: dict[str, str] = {}  # the last word on payments not seen yet
        self.reversed_ids: set[str] = set()
        self.taken: set[tuple[str, str]] = set()  # identifiers in use, by kind
        self.settled_disputes: set[tuple[str, str]] = set()
        self.unseen: dict[tuple[str, str], list[Fact]] = {}
        self.awaited: dict[tuple[str, str], list[Source]] = {}
        self.promises: list[PromiseNote] = []
        self.checks: list[Check] = []
        self.open_checks: list[Check] = []
        self.refusals: list[Check] = []  # that nothing has answered yet
        self.overrides: list[Override] = []
        self.customer_holds: list[Hold] = []
        self.credit_notes: dict[str, Source] = {}
        self.loose_notes: dict[Source, None] = {}  # naming only the customer, with something left
        self.ignored: list[Ignored] = []
        self.cares: dict[str, Care] = {}  # what was said of alerts, by what they were called
        self.deadlines: list[Deadline] = []
        self.scheduled = 0
        self.home: Home | None = None  # while facts are walked
        self.days_of: list[tuple[datetime, str | None]] = []  # whose days counted, and when
        self.limited = rules.default_limits
        self.next_fact_at: datetime | None = None
        self.walked = 0
        self.walked_at: datetime = BEGINNING
        self.passed_at: datetime = BEGINNING
        self.event: Fact
        self.now: datetime = BEGINNING
        if rules.default_limits:
            for term in rules.credit[1:]:
                self.schedule(term.start, None)
        if rules.fees is not None:
            for start in rules.fees.starts:
                self.schedule(start, None)

    @property
    def event_id(self) -> str:
        """Return the id of the fact at hand."""
        return self.event.id

    def account(self, currency: str) -> Account:
        """Return the books in a currency, opened when first asked for."""
        account = self.accounts.get(currency)
        if account is None:
            account = self.accounts[currency] = Account(currency, self.charges)
        return account

    def take(self, kind: str, identifier: str) -> bool:
        """Return whether the identifier is new; a repeated one is noted as ignored."""
        if (kind, identifier) in self.taken:
            self.ignore(f"repeated_{kind}")
            return False
        self.taken.add((kind, identifier))
        return True

    def ignore(self, reason: str) -> None:
        """Note that the fact at hand, or part of it, has no effect."""
        self.ignored.append(Ignored(self.event_id, reason))

    def moved(self, item: Item) -> None:
        """Note that a fact changed something about an item."""
        self.accounts[item.invoice.currency].moved[item] = None

    def items_of(self, ref: str) -> list[Item] | None:
        """Return the items that a reference names, by due date: an invoice's, or one item."""
        invoice = self.invoices.get(ref)
        if invoice is not None:
            return invoice.items
        item = self.items.get(ref)
        return None if item is None else [item]

    def named(self, ref: str, by: str) -> list[Item] | None:
        """Return the items that a reference names; interest that it names is charged by that."""
        items = self.items_of(ref)
        if items is None and self.charges is not None:
            interest = self.charges.cited(ref, by)
            return None if interest is None else [interest]
        return items

    def cited(self, ref: str) -> list[Item] | None:
        """Return the items that the fact at hand is about; an unseen one keeps the fact."""
        items = self.named(ref, self.event_id)
        if items is None:
            self.unseen.setdefault(("invoice", ref), []).append(self.event)
        return items

    def schedule(self, at: datetime, target: Source | Check | None) -> None:
        """Set a deadline."""
        self.scheduled += 1
        heapq.heappush(self.deadlines, Deadline(at, self.scheduled, target))

    def bill(self, invoice: Invoice, change: int) -> None:
        """Note how much more (or less) of its order an invoice bills."""
        if invoice.order_id is None or not change:
            return
        key = (invoice.order_id, invoice.currency)
        self.billed[key] = self.billed.get(key, 0) + change
        order = self.orders.get(invoice.order_id)
        if order is not None:
            order.refresh(self.billed_of(order))

    def billed_of(self, order: Order) -> int:
        """Return what was invoiced of an order, in the order's currency."""
        return self.billed.get((order.order_id, order.account.currency), 0)

    def credit_order(self, order: Order, note: Source, amount: int) -> int:
        """Let a credit note settle what is not billed of an order; return how much of it.

        A return or cancellation leaves as much to credit as there was.
        """
        room = order.amount - self.billed_of(order) - order.credited
        amount = min(amount, note.free, room)
        if amount <= 0 or note.currency != order.account.currency:
            return 0
        order.account.use(note, amount)
        order.credits = more_of(order.credits, note, amount)
        order.credited += amount
        order.refresh(self.billed_of(order))
        return amount

    def payable(self, order: Order) -> int:
        """Return how much of an order payments may pay without an invoice.

        A return changes nothing of that: the money is given back by a credit note, or a refund.
        """
        if order.cancelled:
            return 0
        return max(0, order.amount - self.billed_of(order) - order.credited)

    def uncredit_order(self, order: Order) -> dict[Source, int]:
        """Take back what credit notes settled of an order; return how much of each."""
        found, order.credits = order.credits, NOTHING
        order.credited = 0
        order.refresh(self.billed_of(order))
        for note, amount in found.items():
            order.account.give_back(note, amount)
        return found

    def local_day(self, at: datetime) -> date:
        """Return the day of an instant where the customer is at home by then."""
        return date.fromordinal(self.days_at(at).of(at))

    def days_at(self, at: datetime) -> Days:
        """Return the days of an instant where the customer is at home by then.

        Whose days they were is noted: a fact that comes late may say that they were another's. It
        is noted once for instants that follow each other, since it says so of the first of them.
        """
        assert self.home is not None
        branch = self.home.branch_at(at)
        if not self.days_of or self.days_of[-1][1] != branch:
            self.days_of.append((at, branch))
        return days_in(self.rules.reference.zone_of(branch))

    def zone_uses(self, branch_id: str | None) -> frozenset[Use]:
        """Return what says in which zone the days of a home are, and those that counted before."""
        branches = {branch_id, *(branch for _, branch in self.days_of)}
        return frozenset(use for one in branches for use in self.rules.reference.zone_uses(one))

    def use_checks(
        self, purposes: tuple[str, ...], account: Account, order_id: str | None, amount: int
    ) -> None:
        """Give up the room that checks reserved for what has now happened, oldest first.

        What was refused and happened all the same is over, too. A check that names another order
        is not about it; room reserved for this very order is, whatever its purpose.
        """

        def is_about_it(check: Check) -> bool:
            alike = check.account is account and check.purpose in purposes
            return alike and check.may_be_for(order_id)

        def is_of_it(check: Check) -> bool:
            return check.account is account and order_id is not None and check.order_id == order_id

        for check in self.open_checks:
            if is_about_it(check) or is_of_it(check):
                amount -= check.use(amount)
        for check in filter(is_about_it, self.refusals):
            check.forget_refusal()
        self.forget_closed_checks()

    def forget_closed_checks(self) -> None:
        """Keep of the checks only those that reserve room, and refusals that stand."""
        self.open_checks = [check for check in self.open_checks if check.room]
        self.refusals = [check for check in self.refusals if check.refusal is not None]

    # --- reservations and deadlines ---

    def reserve(self, source: Source) -> None:
        """Keep what is left of a payment for what it cites and nobody has seen yet.

        The hours of the version in force at the payment's instant run from that instant.
        Without anything unseen, or when the hours are over, it is credit.
        """
        account = self.account(source.currency)
        if not source.invoice_refs and not source.order_refs:
            account.pool(source)
            return
        hours = self.rules.credit_policy(source.at).payment_reservation_hours
        release_at = source.at + timedelta(hours=hours)
        refs = [("invoice", ref) for ref in source.invoice_refs if self.items_of(ref) is None]
        refs += [("order", ref) for ref in source.order_refs if self._awaits_order(ref)]
        if not source.free or not refs or release_at < self.now:
            account.pool(source)
            return
        source.reserved = True
        source.release_at = release_at
        account.reserved += source.free
        for key in refs:
            self.awaited.setdefault(key, []).append(source)
        self.schedule(release_at, source)

    def _awaits_order(self, ref: str) -> bool:
        """A cancelled order will never be invoiced; one known but not yet invoiced may be."""
        return ref not in self.by_order and ref not in self.cancelled_orders

    def still_awaits(self, source: Source) -> bool:
        """Return whether something that a payment cites has still not been seen."""
        return any(self.items_of(ref) is None for ref in source.invoice_refs) or any(
            self._awaits_order(ref) for ref in source.order_refs
        )

    def release(self, source: Source) -> None:
        """End a reservation: what is left goes the normal way."""
        account = self.account(source.currency)
        account.unpool(source)
        account.pool(source)
        account.settle(self.now)

    def pass_time(self, until: datetime) -> None:
        """Let every deadline before `until` take effect at its own instant."""
        while self.deadlines and self.deadlines[0].at < until:
            at, _, target = heapq.heappop(self.deadlines)
            self.now = self.passed_at = at
            if isinstance(target, Source):
                if target.reserved and target.release_at == at:
                    self.release(target)
            elif isinstance(target, Check):
                target.use(target.room)
            if self.limited:
                self.watch_limits("time" if target else "policy", None)

    # --- the credit limit ---

    def limit_of(self, account: Account, at: datetime) -> int | None:
        """Return the limit: the customer's own, else the policy's in its currency, else none."""
        return _limit(account, self.rules.default_limit(at))

    def watch_limits(self, reason: str, event_id: str | None) -> None:
        """Note where the exposure came to be above the limit, or no longer is."""
        default = self.rules.default_limit(self.now)
        for account in self.accounts.values():
            exposure = account.exposure
            limit = _limit(account, default)
            if self.charges is not None and limit is not None:
                exposure += self._watch_interest(self.charges, account, limit)
            stands = bool(account.over) and account.over[-1].end is None
            if (limit is not None and exposure > limit) != stands:
                self._cross(account, stands, reason, event_id)
            elif not stands and exposure < account.seen_exposure:
                account.relief = (reason, event_id)
            account.seen_exposure = exposure

    def _watch_interest(self, charges: Charges, account: Account, limit: int) -> int:
        """Return the running interest, and look again when it alone will exceed the limit."""
        room = limit - account.exposure
        owed = charges.running(account, self.now)
        if owed <= room:
            crosses_at = charges.reaches(account, room, self.now)
            if crosses_at is not None and crosses_at != account.crosses_at:
                self.schedule(crosses_at, None)
            account.crosses_at = crosses_at
        return owed

    def _cross(self, account: Account, stood: bool, reason: str, event_id: str | None) -> None:
        """Note that the exposure is no longer on the side of the limit on which it was."""
        over, now = account.over, self.now
        if stood:
            account.relief = (reason, event_id)
            if over[-1].start == now:
                over.pop()
            else:
                over[-1] = over[-1]._replace(end=now, ended_by=event_id, label=reason)
        elif over and over[-1].end == now:
            over[-1] = over[-1]._replace(end=None, ended_by=None)
        else:
            over.append(Spell(now, None, event_id or ""))


def _limit(account: Account, default: Money | None) -> int | None:
    if account.limit is not None:
        return account.limit
    return default.minor if default and default.currency == account.currency else None
