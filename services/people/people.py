"""Everything that logging in takes, put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.intake.keys import Keys
from services.people.accounts import Accounts
from services.people.demonstration import Demonstration
from services.people.journal import Journal
from services.people.passwords import Passwords
from services.people.provider import Provider
from services.people.proving import Proving
from services.people.sessions import Ends, Sessions
from services.people.staffing import Rules, Staffing
from services.people.throttle import LogInThrottle
from services.ports import Clock, Vault
from services.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class People:
    """The accounts, sessions and keys of a platform, and how its staff log in."""

    accounts: Accounts
    proving: Proving
    sessions: Sessions
    journal: Journal
    keys: Keys
    staffing: Staffing
    ends: Ends
    throttle: LogInThrottle
    provider: Provider | None = None  # None: by accounts here
    demonstration: Demonstration | None = None

    @property
    def longest(self) -> timedelta:
        """Return how long a session lasts at most."""
        return self.ends.longest


def people_of(
    pool: Pool,
    vault: Vault,
    clock: Clock,
    rules: Rules,
    *,
    ends: Ends | None = None,
    provider: Provider | None = None,
    demonstration: Demonstration | None = None,
    passwords: Passwords | None = None,
) -> People:
    """Put together what the parts of an open platform allow."""
    ends = ends or Ends()
    journal = Journal(pool, clock)
    return People(
        accounts=Accounts(pool, clock, journal, ends.idle),
        proving=Proving(pool, vault, clock, journal, passwords),
        sessions=Sessions(pool, clock, journal, ends),
        journal=journal,
        keys=Keys(pool, clock),
        staffing=Staffing(rules, clock),
        ends=ends,
        throttle=LogInThrottle(vault),
        provider=provider,
        demonstration=demonstration,
    )
