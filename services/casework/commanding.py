"""Commands of members of staff, whichever door they come through: done, or only tried.

Over HTTP with a key of their own, or from a page with a session: what is asked, by whom and under
which key is the same, and so is what comes of it.
"""

from __future__ import annotations

from typing import TypeVar, cast

from msgspec import Struct

from events.cases.alerts import AlertCommand
from events.cases.commands import CaseCommand
from events.cases.commands import Command as OfCase
from events.cases.staff import Staff
from events.customers import merging, profile
from events.customers.account_commands import AccountCommand
from events.customers.account_commands import Command as OfAccount
from events.policy import Reference
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from services.casework.accounts import Accounts
from services.casework.alerts import Alerts
from services.casework.api import ALERT_COMMANDS
from services.casework.cases import Cases
from services.casework.comparing import Changes
from services.casework.customers import Customers
from services.casework.executing import Answer, Done, Streams, Tried
from services.casework.identity import Identities
from services.casework.ordering import CommandOn
from services.casework.parts import CaseworkPlatform
from services.casework.profiles import Profiles
from services.casework.reading import Asked
from services.casework.seeing import Seeing
from services.casework.trying import changes
from services.intake.answers import token_through
from services.people.principal import Scope

C = TypeVar("C", bound=Struct)

_OF_ALERTS = frozenset(ALERT_COMMANDS.values())


class Given(Asked[C], frozen=True, kw_only=True):
    """A command as it was asked, with its key and the version that it was decided on."""

    key: str
    seen: int | None
    only_tried: bool


class Commanding:
    """Every command that somebody may give, on whatever it is about."""

    def __init__(self, platform: CaseworkPlatform) -> None:
        self._clock = platform.clock
        self.streams = Streams(platform.streams, platform.vault, platform.clock)
        self.customers = Customers(platform.log, platform.pool)
        self.cases = Cases(self.streams, platform.log, platform.pool)
        self.accounts = Accounts(self.streams, self.customers)
        self.alerts = Alerts(platform.pool, self.streams, self.customers)
        self.identities = Identities(platform, self.streams)
        self.profiles = Profiles(self.streams, self.customers, platform.vault)
        self.seeing = Seeing(platform, self.customers)

    async def execute(
        self, on: str, given: Given[Struct], by: Staff, scope: Scope, reference: Reference
    ) -> Answer:
        """Return what became of a command on the case, alert or customer of an id.

        What lies beyond the scope of whoever gives it is refused as what there is not.
        Raises: Unavailable, UnreadableEvent, EventRefused.
        """
        hidden = await self.seeing.refusal(scope, type(given.command), on)
        if hidden is not None:
            return hidden
        order = CommandOn(
            on=on,
            command=given.command,
            by=by,
            key=given.key,
            seen=given.seen,
            personal=given.personal,
            only_tried=given.only_tried,
        )
        return await self._ordered(order, reference)

    async def _ordered(self, order: CommandOn[Struct], reference: Reference) -> Answer:
        now, command = self._clock.now(), order.command
        if type(command) in _OF_ALERTS:
            return await self.alerts.execute(cast("CommandOn[AlertCommand]", order), reference, now)
        if isinstance(command, CaseCommand):
            return await self.cases.execute(cast("CommandOn[OfCase]", order), reference)
        if isinstance(command, AccountCommand):
            return await self.accounts.execute(cast("CommandOn[OfAccount]", order), reference, now)
        if isinstance(command, merging.IdentityCommand):
            return await self.identities.execute(cast("CommandOn[merging.Command]", order))
        return await self.profiles.execute(cast("CommandOn[profile.Command]", order), reference)

    async def changes(self, tried: Tried, reference: Reference) -> Changes | None:
        """Return what would change by what was only tried; None: it is about nobody known.

        Raises: Unavailable, UnreadableEvent.
        """
        if not tried.unit:
            return None
        return await changes(self.customers, tried.unit, reference)

    async def position(self, done: Done) -> str | None:
        """Return the token of a reader that sees what was done: of a merge, both customers.

        Raises: Unavailable.
        """
        if any(isinstance(one.data, CustomerMerged | CustomerUnmerged) for one in done.own):
            return (await self.identities.reached(done)).token()
        return token_through(one.position for one in done.own)
