"""One command on many alerts about no clock of a case, tried by what the log holds of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from events.cases.alerts import AlertCommand, decide_alert
from events.envelope import CustomerId
from events.facts import Fact
from events.refusals import Refused
from events.streams import customer_stream
from projections.merged import Merged
from services.casework.alerts import Alerts, TellsOfAlert, alert_now
from services.casework.bulk.asking import AskedOfMany, Item, Unreadable, Verdict
from services.casework.customers import Customers
from services.casework.executing import Answer, Moved, Stream, drafts
from services.casework.parts import CaseworkPlatform
from services.intake.answers import EventRefused
from services.log.readable import fact_of


class ManyAlerts:
    """Alerts on which one command is given.

    Words about alerts of one customer lie in one stream: each is decided behind those before it.
    """

    at_once: ClassVar = 1

    def __init__(
        self,
        platform: CaseworkPlatform,
        alerts: Alerts,
        customers: Customers,
        asked: AskedOfMany[AlertCommand],
    ) -> None:
        self._platform = platform
        self._alerts = alerts
        self._customers = customers
        self._asked = asked
        self._news: dict[CustomerId, list[Fact]] = {}  # by holder

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some alerts. Raises: Unavailable."""
        told = await self._alerts.told_each([item.id for item in items])
        about = [one.customer_id for one in told.values() if isinstance(one, TellsOfAlert)]
        groups = await self._customers.read_each(list(dict.fromkeys(about)))
        now = self._platform.clock.now()
        return [self._verdict(item, told[item.id], groups, now) for item in items]

    def _verdict(
        self,
        item: Item,
        told: TellsOfAlert | Refused,
        groups: Mapping[CustomerId, Merged],
        now: datetime,
    ) -> Verdict:
        if isinstance(told, Refused):
            return Verdict(item, 0, None, obstacle=told)
        group = groups.get(told.customer_id)
        if group is None:
            why = Unreadable("an event of the customer cannot be read; its own page names it")
            return Verdict(item, 0, told.customer_id, obstacle=why)
        stands = alert_now(told, group, self._asked.reference, now)
        holder = stands.holder
        stream = Stream(customer_stream(holder), holder, stands.branch_id)
        own = [fact for fact in group.own(holder) if fact.source == stream.source]
        own += self._news.get(holder, ())
        verdict = Verdict(item, len(own), holder)
        if item.version is not None and item.version != len(own):
            moved = Moved(item.version, len(own), own[item.version :])
            return verdict._replace(obstacle=moved)
        at = max([now, *(fact.effective_at for fact in own)])
        decided = decide_alert(
            stands.known, self._asked.command, self._asked.by, at, self._asked.reference
        )
        if isinstance(decided, Refused):
            return verdict._replace(obstacle=decided)
        try:
            found = drafts(stream, len(own), self._asked.order_on(item).order(), decided, at)
        except EventRefused as why_not:
            return verdict._replace(obstacle=why_not)
        news = [fact_of(draft.envelope, draft.data) for draft in found]
        self._news.setdefault(holder, []).extend(news)
        return verdict._replace(news=news)

    async def done(self, item: Item) -> Answer:
        """Do the command on one alert. Raises: Unavailable, UnreadableEvent, EventRefused."""
        now = self._platform.clock.now()
        return await self._alerts.execute(self._asked.order_on(item), self._asked.reference, now)
