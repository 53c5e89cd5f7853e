"""A platform with a small company of two branches, for tests of the console.

It is Friday 20 March 2026, 10:00 in Shanghai and still Thursday evening in New York.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.calendars import zone
from events.cases.terms import native_case_id
from events.envelope import PositionVector
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseHandedOff,
    CaseReplied,
    CaseResolved,
    CaseWaitingStarted,
    ComplaintFiled,
    Severity,
)
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.order import OrderDelivered, OrderPlaced
from events.touchpoints.payment import (
    CreditChecked,
    CreditLimitSet,
    GatePurpose,
    InvoiceDisputed,
    InvoiceIssued,
    PaymentReceived,
)
from events.touchpoints.policy import (
    AgeingPolicy,
    AgeingPolicyPublished,
    BranchSet,
    CalendarSet,
    CompanySet,
    DepartmentSet,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
)
from projections import PROJECTIONS
from services.hosts.project import Projector
from services.intake.intake import Intake
from services.log.dossiers import PostgresDossiers
from services.log.embedded.event_log import EmbeddedEventLog
from services.platform import Platform
from services.ports import Accepted
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.rows.row_tables import ensure_tables
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault
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

TIERS = TierPolicyPublished(
    effective_from=EARLY,
    policy=TierPolicy(
        tiers=(
            TierLine(name="platinum", line_minor=5_000_000),
            TierLine(name="gold", line_minor=1_000_000),
            TierLine(name="iron", line_minor=200_000),
        )
    ),
)
SERVICE_DESK: tuple[Touchpoint, ...] = (
    CalendarSet(effective_from=EARLY, calendar_id="service", hours=STANDARD_HOURS),
    structs.replace(SHANGHAI, calendar_id="service"),
    DepartmentSet(effective_from=EARLY, department_id="service", name="客服", name_en="Service"),
    DepartmentSet(effective_from=EARLY, department_id="sales", name="销售", name_en="Sales"),
    DepartmentSet(
        effective_from=EARLY, department_id="logistics", name="物流", name_en="Logistics"
    ),
)
"""Monday to Friday 09-12 and 13-18."""


class Company:
    """The platform and what its branches report; numbers its events by itself."""

    def __init__(self, platform: Platform, clock: SetClock) -> None:
        self.platform = platform
        self.clock = clock
        self._reported = 0
        self.last_event_id = ""

    async def report(
        self,
        customer: str | None,
        *facts: Touchpoint,
        branch: str = "SH",
        at: datetime | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> str:
        """Append facts, and return the token of a position that has taken them in.

        `at`: when they happened; `personal`: fields to be sealed into each.
        """
        submissions = []
        for fact in facts:
            self._reported += 1
            source = f"/branches/{branch}/till"
            one = submission(self._reported, fact, customer, branch=branch, source=source)
            if at is not None:
                moved = structs.replace(one.envelope, created_at=at, effective_at=at)
                one = structs.replace(one, envelope=moved)
            if personal is not None:
                assert customer is not None
                sealed = await self.platform.vault.seal(customer, one.envelope.id, personal)
                one = structs.replace(one, data=structs.replace(fact, sealed=sealed))
            submissions.append(one)
        self.last_event_id = submissions[-1].envelope.id
        outcomes = await self.platform.log.append(submissions)
        heads = await self.platform.log.heads()
        counts = [0] * len(heads.counts)
        for outcome in outcomes:
            assert isinstance(outcome, Accepted)
            counts[outcome.position.partition] = outcome.position.n + 1
        return PositionVector(heads.generation, tuple(counts)).token()

    async def project(self) -> None:
        """Bring the rows up to date."""
        await Projector(self.platform).catch_up()

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

    async def tell_of_value(self) -> None:
        """Publish tiers and costs; report three customers' payments of a year and more."""
        await self.report(None, TIERS, branch="HQ")
        await self.report("V-1", CustomerRegistered(home_branch="SH"), at=local("2025-04-01"))
        await self.report(
            "V-1",
            CustomerProfileChanged(segment="factories"),
            at=local("2025-04-02"),
            personal={"name": "王小明", "phone": "+86 21 5555 0101", "email": "w@example.com"},
        )
        await self.report("V-1", paid("one", 900_000), at=local("2025-04-10T10:00"))
        await self.report("V-1", paid("two", 300_000), at=local("2025-07-01T10:00"))
        await self.report("V-2", paid("three", 900_000), at=local("2025-03-10T10:00"))
        await self.report("V-2", paid("four", 300_000), at=local("2025-07-01T10:00"))
        await self.report("V-3", paid("five", 250_000), branch="NY", at=local("2025-09-01T10:00"))
        await self.project()

    async def tell_of_credit(self) -> None:
        """Report what was asked for, and may not go out: L-1 owes above its limit, L-2 nothing.

        L-1: an order, and a shipment refused yesterday. L-2, of New York: an order to deliver, one
        delivered and not invoiced, a check approved an hour ago, and a refusal of last year.
        """
        await self.report(
            "L-1",
            CustomerRegistered(home_branch="SH"),
            CreditLimitSet(limit=Money(100_000, "CNY")),
            invoice("F", 150_000, date(2026, 4, 10)),
        )
        await self.report("L-1", ordered("O-1", 40_000), at=local("2026-03-17T10:00"))
        await self.report(
            "L-1",
            checked("K-1", 20_000, "shipment", "limit_exceeded"),
            at=local("2026-03-19T10:00"),
        )
        await self.report("L-2", CustomerRegistered(home_branch="NY"), branch="NY")
        for fact, at in (
            (checked("K-0", 90_000, "order", "overdue_too_long"), "2025-12-01T10:00"),
            (ordered("O-2", 60_000), "2026-03-16T10:00"),
            (ordered("O-3", 30_000), "2026-03-12T10:00"),
            (OrderDelivered(order_id="O-3"), "2026-03-18T10:00"),
            (checked("K-2", 10_000, "invoice", None), "2026-03-20T09:00"),
        ):
            await self.report("L-2", fact, branch="NY", at=local(at))
        await self.project()

    async def tell_of_cases(self) -> dict[str, str]:
        """Report complaints and what became of them; return the ids of the cases by customer.

        K-1: urgent, filed a quarter of an hour ago. K-2: too late, and Sales owes as well, too
        late, while Logistics has time. K-3: waiting on the customer. K-4: resolved.
        """
        await self.report(None, *SERVICE_DESK, branch="HQ")
        cases: dict[str, str] = {}
        filings: tuple[tuple[str, Severity, str], ...] = (
            ("K-1", "urgent", "2026-03-20T09:45"),
            ("K-2", "medium", "2026-03-16T09:00"),
            ("K-3", "high", "2026-03-19T16:00"),
            ("K-4", "low", "2026-03-19T09:00"),
        )
        for customer, severity, at in filings:
            filed = ComplaintFiled(severity=severity, department="service", agent="agent-7")
            await self.report(customer, filed, at=local(at))
            cases[customer] = native_case_id(self.last_event_id)
        late, waits, done = cases["K-2"], cases["K-3"], cases["K-4"]
        await self.report("K-2", CaseReplied(case_id=late), at=local("2026-03-16T10:00"))
        await self.report(
            "K-2", owed(late, "sales", "a credit note", 8), at=local("2026-03-16T09:30")
        )
        await self.report(
            "K-2", owed(late, "logistics", "a new filter", 8), at=local("2026-03-19T17:00")
        )
        await self.report("K-3", CaseReplied(case_id=waits), at=local("2026-03-19T16:30"))
        await self.report("K-3", CaseWaitingStarted(case_id=waits), at=local("2026-03-19T17:00"))
        await self.report("K-4", CaseResolved(case_id=done), at=local("2026-03-19T15:00"))
        await self.project()
        return cases


def local(text: str) -> datetime:
    """The instant of a time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=zone("Asia/Shanghai")).astimezone(UTC)


def paid(payment_id: str, minor: int) -> PaymentReceived:
    """A payment that cites nothing."""
    return PaymentReceived(payment_id=payment_id, amount=Money(minor, "CNY"))


def owed(case_id: str, department: str, owes: str, hours: int) -> CaseHandedOff:
    """A department owes something on a case."""
    return CaseHandedOff(
        case_id=case_id,
        obligation_id=f"{department} owes",
        department=department,
        owes=owes,
        due_minutes=hours * 60,
    )


def invoice(invoice_id: str, minor: int, due_on: date, currency: str = "CNY") -> InvoiceIssued:
    """An invoice of an amount, issued when it is reported."""
    return InvoiceIssued(invoice_id=invoice_id, amount=Money(minor, currency), due_on=due_on)


def ordered(order_id: str, minor: int) -> OrderPlaced:
    """An order of an amount."""
    return OrderPlaced(order_id=order_id, amount=Money(minor, "CNY"))


def checked(check_id: str, minor: int, purpose: GatePurpose, refused: str | None) -> CreditChecked:
    """A credit check, approved or refused for a reason."""
    return CreditChecked(
        check_id=check_id,
        purpose=purpose,
        amount=Money(minor, "CNY"),
        exposure=Money(190_000, "CNY"),
        approved=refused is None,
        reason=refused,
        limit=Money(100_000, "CNY"),
    )


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
            streams = LogApplication(log)
            platform = Platform(
                dsn=dsn,
                pool=pool,
                log=log,
                streams=streams,
                dossiers=PostgresDossiers(pool),
                vault=vault,
                intake=Intake(log, vault, clock, pool),
                clock=clock,
                max_facts=1000,
            )
            yield Company(platform, clock)
            await streams.ended()
