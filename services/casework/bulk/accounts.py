"""One command on the accounts of many customers, tried by what the log holds of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from events.customers.account_commands import Command
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.accounts import decide
from events.envelope import BranchId, CustomerId
from events.facts import Fact
from events.home import Home
from events.refusals import Refused, refuse
from events.streams import customer_stream
from projections.merged import Merged
from services.casework.accounts import Accounts, account_at
from services.casework.bulk.asking import AskedOfMany, Item, Obstacle, Unreadable, Verdict
from services.casework.customers import Customers
from services.casework.executing import Answer, Moved, Stream, Streams, drafts
from services.casework.parts import CaseworkPlatform
from services.intake.answers import EventRefused
from services.log.readable import fact_of


class ManyAccounts:
    """Customers on whose accounts one command is given.

    Of two who are one customer the second is decided on what the first would record.
    """

    at_once: ClassVar = 1

    def __init__(
        self,
        platform: CaseworkPlatform,
        streams: Streams,
        customers: Customers,
        asked: AskedOfMany[Command],
    ) -> None:
        self._platform = platform
        self._customers = customers
        self._accounts = Accounts(streams, customers)
        self._asked = asked
        self._news: dict[CustomerId, list[Fact]] = {}  # by root

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some customers. Raises: Unavailable."""
        names = [CustomerId(item.id) for item in items]
        groups = await self._customers.read_each(names)
        now = self._platform.clock.now()
        return [
            self._verdict(item, customer, groups.get(customer), now)
            for item, customer in zip(items, names, strict=True)
        ]

    def _verdict(
        self,
        item: Item,
        customer: CustomerId,
        group: Merged | None,
        now: datetime,
    ) -> Verdict:
        if group is None:
            why = Unreadable("an event of the customer cannot be read; its own page names it")
            return Verdict(item, 0, customer, obstacle=why)
        root = group.identity.root_at(customer, now)
        told = [*(group.told(root, now) or ()), *self._news.get(root, ())]
        if not told:
            obstacle = refuse(UNKNOWN_CUSTOMER, customer=customer)
            return Verdict(item, 0, customer, obstacle=obstacle)
        own = [fact for fact in told if fact.source == customer_stream(root)]
        verdict = Verdict(item, len(own), root)
        came = self._came(item, root, told, own, now)
        if isinstance(came, (Refused, Moved, EventRefused, Unreadable)):
            return verdict._replace(obstacle=came)
        self._news.setdefault(root, []).extend(came)
        return verdict._replace(news=came)

    def _came(
        self,
        item: Item,
        root: CustomerId,
        told: Sequence[Fact],
        own: Sequence[Fact],
        now: datetime,
    ) -> Sequence[Fact] | Obstacle:
        """Return what the command comes to, as `Accounts.execute` finds it."""
        asked, version = self._asked, len(own)
        if item.version is not None and item.version != version:
            return Moved(item.version, version, own[item.version :])
        at = max([now, *(fact.effective_at for fact in own)])
        try:
            account = account_at(root, told, version, at, asked.reference, asked.command)
            decided = decide(asked.command, asked.by, at, account)
            if isinstance(decided, Refused):
                return decided
            latest = max(fact.effective_at for fact in told)
            branch = BranchId(Home(told).branch_at(latest) or "")
            stream = Stream(customer_stream(root), root, branch)
            found = drafts(stream, version, self._asked.order_on(item).order(), decided, at)
            return [fact_of(draft.envelope, draft.data) for draft in found]
        except EventRefused as why:
            return why

    async def done(self, item: Item) -> Answer:
        """Do the command on one account. Raises: Unavailable, UnreadableEvent, EventRefused."""
        now = self._platform.clock.now()
        return await self._accounts.execute(self._asked.order_on(item), self._asked.reference, now)
