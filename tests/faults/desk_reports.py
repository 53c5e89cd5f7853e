"""What the branch of a service desk reports: its company, then complaints and requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import NAMESPACE_URL, uuid5

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested, Severity
from events.touchpoints.policy import (
    BranchSet,
    CalendarSet,
    DepartmentSet,
    OpeningHours,
    Role,
    ServiceLevel,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
    StaffSet,
)
from services.simulator.devices import Recording
from tests.faults.staff_choices import STAFF

DESK = BranchId("DESK")

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_AGO = timedelta(days=10)
_CUSTOMERS = 24
_SOON, LATER = 1, 600  # minutes that a pressing case, and what is handed on, are given


class Complaints:
    """What the branch reports: its own reference data, then complaints and requests."""

    def __init__(self, seed: int, *, quick: bool) -> None:
        """With `quick`, the clocks of every third complaint run out within minutes of it."""
        self.filed: list[str] = []
        self.due_minutes = _SOON if quick else LATER
        self._dice = Random(f"{seed} complaints")
        self._quick = quick
        self._count = 0
        self._seed = seed

    def reference(self) -> list[Recording]:
        """Return the desk's company: who works there, by which hours and service levels."""
        return [self._report(data, None, datetime.now(UTC)) for data in _company(self.due_minutes)]

    def reports(self) -> Iterator[Recording]:
        """Yield complaints and requests without end.

        Of those that come ten days late, every clock has run out when their cases open.
        """
        while True:
            number = self._count
            late = number % 3 == 0
            pressing = late or (self._quick and number % 3 == 1)
            customer = CustomerId(f"desk-{self._seed}-{self._dice.randrange(_CUSTOMERS)}")
            severity: Severity = "urgent" if pressing else "medium"
            agent = self._dice.choice(["service-1", "service-2"])
            at = datetime.now(UTC) - (_AGO if late else timedelta())
            data: Touchpoint
            if number % 4 == 3:
                data = ServiceRequested(
                    kind="account_query", severity=severity, agent=agent, department="service"
                )
            else:
                data = ComplaintFiled(severity=severity, agent=agent, department="service")
            recording = self._report(data, customer, at)
            self.filed.append(recording.envelope.id)
            yield recording

    def _report(self, data: Touchpoint, customer: CustomerId | None, at: datetime) -> Recording:
        self._count += 1
        source = f"/branches/{DESK}/reports-{self._seed}"
        envelope = Envelope(
            id=EventId(str(uuid5(NAMESPACE_URL, f"{source}/{self._count}"))),
            source=source,
            type=data.event_type,
            subject=customer,
            branch_id=DESK,
            epoch=0,
            sequence=self._count,
            created_at=at,
            effective_at=at,
        )
        return Recording(at, envelope, data)


def _company(pressing_minutes: int) -> Iterator[Touchpoint]:
    """Yield the reference data of a desk that never closes."""
    always = tuple(OpeningHours(weekday=day, opens=0, closes=1440) for day in range(1, 8))
    since = _LONG_AGO
    yield CalendarSet(effective_from=since, calendar_id="always", hours=always)
    yield BranchSet(effective_from=since, branch_id=DESK, name="Desk", calendar_id="always")
    for department in ("service", "logistics", "sales"):
        yield DepartmentSet(
            effective_from=since,
            department_id=department,
            name=department,
            head=f"{department}-head",
        )
    for staff_id, (works_in, *roles) in STAFF.items():
        yield _staff(staff_id, works_in, *roles)
    levels = (
        ServiceLevel(
            severity="urgent",
            response_minutes=pressing_minutes,
            solution_minutes=pressing_minutes,
        ),
        *(level for level in ServiceLevelPolicy().levels if level.severity != "urgent"),
    )
    policy = ServiceLevelPolicy(levels=levels)
    yield ServiceLevelPolicyPublished(effective_from=since, policy=policy)


def _staff(staff_id: str, department: str | None, *roles: Role) -> StaffSet:
    return StaffSet(
        effective_from=_LONG_AGO,
        staff_id=staff_id,
        branch_id=DESK,
        department_id=department,
        roles=roles,
    )
