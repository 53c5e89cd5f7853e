"""Whose cases, alerts and accounts somebody may know of: those of customers at home in the scope.

Where a customer is at home the log tells at the moment of the request, never the rows, which may
be behind. What is not to be seen answers as what there is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from events.cases.commands import CaseCommand
from events.cases.reasons import UNKNOWN_ALERT, UNKNOWN_CASE
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.profile import Register
from events.envelope import CustomerId
from events.refusals import Refused, refuse
from events.streams import case_stream
from services.casework.alerts import identity_of, journal_of
from services.casework.api import ALERT_COMMANDS
from services.casework.cases import rows_of_cases
from services.casework.customers import Customers
from services.casework.parts import CaseworkPlatform
from services.people.principal import Scope

_OF_ALERTS = frozenset(ALERT_COMMANDS.values())


class _Whose(NamedTuple):
    """Whom a case is about, and the branch where it was opened."""

    customer: CustomerId | None
    branch_id: str | None


class Seeing:
    """Tells what somebody may know of."""

    def __init__(self, platform: CaseworkPlatform, customers: Customers) -> None:
        self._platform = platform
        self._customers = customers

    async def customers(
        self, scope: Scope, customers: Sequence[CustomerId]
    ) -> frozenset[CustomerId]:
        """Return which of some customers may be seen. Raises: Unavailable."""
        if scope.branches is None:
            return frozenset(customers)
        now = self._platform.clock.now()
        homes = await self._customers.homes(sorted({*customers}), now)
        return frozenset(one for one in customers if scope.holds(homes.get(one)))

    async def cases(self, scope: Scope, case_ids: Sequence[str]) -> frozenset[str]:
        """Return which of some cases may be seen: their customers', of nobody's the branch's.

        Raises: Unavailable.
        """
        if scope.branches is None:
            return frozenset(case_ids)
        whose = await self._whose(case_ids)
        about = [one.customer for one in whose.values() if one.customer is not None]
        seen = await self.customers(scope, about)
        return frozenset(
            case_id
            for case_id, one in whose.items()
            if (scope.holds(one.branch_id) if one.customer is None else one.customer in seen)
        )

    async def alerts(self, scope: Scope, alert_ids: Sequence[str]) -> frozenset[str]:
        """Return which of some alerts that the journal told of may be seen. Raises: Unavailable."""
        if scope.branches is None:
            return frozenset(alert_ids)
        named = {identity: one for one in alert_ids if (identity := identity_of(one))}
        rows = await journal_of(self._platform.pool, [*named])
        seen = await self.customers(scope, [CustomerId(row["customer_id"]) for row in rows])
        return frozenset(named[str(row["alert_id"])] for row in rows if row["customer_id"] in seen)

    async def refusal(self, scope: Scope, kind: type[Struct], on: str) -> Refused | None:
        """Return why a command is as one on nothing there is; None: it may go on.

        Whoever is to be registered need not be known. Raises: Unavailable.
        """
        if scope.branches is None or kind is Register:
            return None
        if kind in _OF_ALERTS:
            return None if await self.alerts(scope, [on]) else refuse(UNKNOWN_ALERT, alert=on)
        if issubclass(kind, CaseCommand):
            return None if await self.cases(scope, [on]) else refuse(UNKNOWN_CASE)
        seen = await self.customers(scope, [CustomerId(on)])
        return None if seen else refuse(UNKNOWN_CUSTOMER, customer=on)

    async def _whose(self, case_ids: Sequence[str]) -> Mapping[str, _Whose]:
        """Return whose each case is that has a stream or is on the board. Raises: Unavailable."""
        sources = {case_stream(one): one for one in case_ids}
        found = {}
        for stream in await self._platform.log.stream_facts([*sources]):
            opened_at = stream.facts[0].branch_id if stream.facts else None
            found[sources[stream.source]] = _Whose(stream.customer, opened_at)
        others = [one for one in case_ids if one not in found]
        for row in await rows_of_cases(self._platform.pool, others):
            customer = row["customer_id"]
            found[row["case_id"]] = _Whose(
                None if customer is None else CustomerId(customer), row["branch_id"]
            )
        return found
