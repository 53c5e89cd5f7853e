"""A platform with a small company of two branches, for tests of the console.

It is Friday 20 March 2026, 10:00 in Shanghai and still Thursday evening in New York.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from events.calendars import zone
from events.envelope import PositionVector
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceDisputed, InvoiceIssued, PaymentReceived
from events.touchpoints.policy import (
    AgeingPolicy,
    AgeingPolicyPublished,
    BranchSet,
    CompanySet,
)
from projections import PROJECTIONS
from services.bootstrap import Platform
from services.embedded.event_log import EmbeddedEventLog
from services.gateway.intake import Intake
from services.ports import Accepted
from services.postgres.dossiers import PostgresDossiers
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.postgres.row_tables import ensure_tables
from services.postgres.vault import PostgresVault
from services.projector.host import project_until_caught_up
from tests.support.log import SetClock, submission

NOW = datetime(2026, 3, 20, 10, 0, tzinfo=zone("Asia/Shanghai")).astimezone(UTC)
EARLY = datetime(2020, 1, 1, tzinfo=UTC)

SHANGHAI = BranchSet(effective_from=EARLY, branch_id="SH", name="上海分公司", name_en="Shanghai")
NEW_YORK = BranchSet(
    effective_from=EARLY,
    branch_id="NY",
    name="纽约分公司",
    name_en="New York",
    zone="America/New_York",
)
RULES: tuple[Touchpoint, ...] = (
    CompanySet(effective_from=EARLY, name="Harbour"),
    SHANGHAI,
    NEW_YORK,
    AgeingPolicyPublished(
        effective_from=EARLY, policy=AgeingPolicy(provision=(0, 100, 500, 1000, 2000, 5000))
    ),
)


class Company:
    """The platform and what its branches report; numbers its events by itself."""

    def __init__(self, platform: Platform, clock: SetClock) -> None:
        self.platform = platform
        self.clock = clock
        self._reported = 0

    async def report(self, customer: str | None, *facts: Touchpoint, branch: str = "SH") -> str:
        """Append facts, and return the token of a position that has taken them in."""
        submissions = []
        for fact in facts:
            self._reported += 1
            source = f"/branches/{branch}/till"
            submissions.append(
                submission(self._reported, fact, customer, branch=branch, source=source)
            )
        outcomes = await self.platform.log.append(submissions)
        heads = await self.platform.log.heads()
        counts = [0] * len(heads.counts)
        for outcome in outcomes:
            assert isinstance(outcome, Accepted)
            counts[outcome.position.partition] = outcome.position.n + 1
        return PositionVector(heads.generation, tuple(counts)).token()

    async def project(self) -> None:
        """Bring the rows up to date."""
        await project_until_caught_up(self.platform)

    async def settle_down(self) -> None:
        """Report a few customers' debts, old and new, and project them."""
        await self.report(None, *RULES, branch="HQ")
        await self.report(
            "C-1",
            CustomerRegistered(home_branch="SH"),
            invoice("A", 100_000, date(2026, 2, 3)),
            invoice("B", 50_000, date(2026, 3, 19)),
        )
        await self.report(
            "C-2",
            CustomerRegistered(home_branch="NY"),
            invoice("C", 70_000, date(2026, 3, 19)),
            invoice("D", 5_000, date(2026, 5, 1), "USD"),
            branch="NY",
        )
        await self.report(
            "C-3",
            CustomerRegistered(home_branch="SH"),
            invoice("E", 30_000, date(2025, 10, 1)),
            InvoiceDisputed(dispute_id="X", invoice_id="E"),
        )
        await self.project()


def invoice(invoice_id: str, minor: int, due_on: date, currency: str = "CNY") -> InvoiceIssued:
    """An invoice of an amount, issued when it is reported."""
    return InvoiceIssued(invoice_id=invoice_id, amount=Money(minor, currency), due_on=due_on)


def payment_of(invoice_id: str, minor: int) -> PaymentReceived:
    """A payment that cites an invoice."""
    return PaymentReceived(
        payment_id=f"P-{invoice_id}", amount=Money(minor, "CNY"), invoice_ids=(invoice_id,)
    )


@asynccontextmanager
async def open_company(dsn: str, at: datetime = NOW) -> AsyncIterator[Company]:
    """Open a platform on an empty database, with a clock that stands still."""
    clock = SetClock(at)
    async with await open_pool(dsn) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, PROJECTIONS)
        async with EmbeddedEventLog(pool, clock) as log:
            vault = PostgresVault(pool, b"k" * 32)
            platform = Platform(
                dsn=dsn,
                pool=pool,
                log=log,
                dossiers=PostgresDossiers(pool),
                vault=vault,
                intake=Intake(log, vault, clock, pool),
                clock=clock,
            )
            yield Company(platform, clock)
