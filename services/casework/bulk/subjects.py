"""What one command is given on many times: cases, alerts or accounts that somebody sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from msgspec import Struct

from events.cases.alerts import AlertCommand
from events.cases.commands import CaseCommand
from events.cases.commands import Command as OfCase
from events.cases.reasons import UNKNOWN_ALERT, UNKNOWN_CASE
from events.customers.account_commands import Command as OfAccount
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.envelope import CustomerId
from events.refusals import Refused, refuse
from services.casework.api import ALERT_COMMANDS
from services.casework.bulk.accounts import ManyAccounts
from services.casework.bulk.alerts import ManyAlerts
from services.casework.bulk.asking import AskedOfMany, Item, Subjects, Verdict
from services.casework.bulk.cases import ManyCases
from services.casework.commanding import Commanding
from services.casework.executing import Answer
from services.casework.parts import CaseworkPlatform

_OF_ALERTS = frozenset(ALERT_COMMANDS.values())


def subjects(
    platform: CaseworkPlatform, commanding: Commanding, asked: AskedOfMany[Struct]
) -> Subjects:
    """Return what a command of many is given on: what is not to be seen, there is not."""
    if asked.scope.branches is not None:
        return _Seen(_all(platform, commanding, asked), commanding, asked)
    return _all(platform, commanding, asked)


def _all(
    platform: CaseworkPlatform, commanding: Commanding, asked: AskedOfMany[Struct]
) -> Subjects:
    if type(asked.command) in _OF_ALERTS:
        of_alerts = cast("AskedOfMany[AlertCommand]", asked)
        return ManyAlerts(platform, commanding.alerts, commanding.customers, of_alerts)
    if isinstance(asked.command, CaseCommand):
        of_cases = cast("AskedOfMany[OfCase]", asked)
        return ManyCases(platform, commanding.streams, of_cases)
    of_accounts = cast("AskedOfMany[OfAccount]", asked)
    return ManyAccounts(platform, commanding.streams, commanding.customers, of_accounts)


class _Seen:
    """What somebody sees of some subjects; of the others each is one that there is not."""

    def __init__(
        self, subjects: Subjects, commanding: Commanding, asked: AskedOfMany[Struct]
    ) -> None:
        self._subjects = subjects
        self._seeing = commanding.seeing
        self._scope = asked.scope
        self._kind = type(asked.command)

    @property
    def at_once(self) -> int:
        """Return how many items are commanded at once."""
        return self._subjects.at_once

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some items. Raises: Unavailable."""
        seen = await self._which(items)
        verdicts = iter(await self._subjects.tried([one for one in items if one.id in seen]))
        return [
            next(verdicts)
            if item.id in seen
            else Verdict(item, 0, None, obstacle=self._unknown(item))
            for item in items
        ]

    async def done(self, item: Item) -> Answer:
        """Do the command on one item. Raises: Unavailable, UnreadableEvent, EventRefused."""
        if not await self._which([item]):
            return self._unknown(item)
        return await self._subjects.done(item)

    async def _which(self, items: Sequence[Item]) -> frozenset[str]:
        names = [item.id for item in items]
        if self._kind in _OF_ALERTS:
            return await self._seeing.alerts(self._scope, names)
        if issubclass(self._kind, CaseCommand):
            return await self._seeing.cases(self._scope, names)
        return await self._seeing.customers(self._scope, [CustomerId(one) for one in names])

    def _unknown(self, item: Item) -> Refused:
        if self._kind in _OF_ALERTS:
            return refuse(UNKNOWN_ALERT, alert=item.id)
        if issubclass(self._kind, CaseCommand):
            return refuse(UNKNOWN_CASE)
        return refuse(UNKNOWN_CUSTOMER, customer=item.id)
