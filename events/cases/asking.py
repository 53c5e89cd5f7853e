"""A command being decided: the case, who asks and when, and who may do what.

On a case are its owner, its department, the departments that owe something on it, and those
above the owner: the head of the department, the manager of the branch, and headquarters.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from events.branch_calendars import business_time
from events.business_time import BusinessTime
from events.cases.reasons import NOT_LIVE, NOT_YOURS
from events.cases.staff import BY_ITSELF, Staff
from events.cases.state import Case, Obligation
from events.cases.terms import ServiceTerms, terms_at
from events.policy import Reference
from events.refusals import Owing, Refused, Word, department, refuse
from events.touchpoints.base import Touchpoint

Decision = tuple[Touchpoint, ...] | Refused


class Rules(Struct, frozen=True):
    """What decisions need beside the case: all reference data and, of its customer, the invoices.

    `open_invoices` are those on which something is open; only holding reminders asks for them.
    """

    reference: Reference
    open_invoices: frozenset[str] = frozenset()


class Asking(NamedTuple):
    """Somebody asks something of a case at an instant."""

    case: Case
    by: Staff
    now: datetime
    rules: Rules

    @property
    def time(self) -> BusinessTime:
        """Return the working hours of the branch where the case was opened."""
        return business_time(self.rules.reference, self.case.branch_id)

    @property
    def terms(self) -> ServiceTerms:
        """Return the ladder and the call-back that were pinned when the case was opened."""
        return terms_at(self.rules.reference, self.case.opened_at, self.case.priority)

    @property
    def departments(self) -> tuple[str, ...]:
        """Return the departments there are now."""
        return tuple(sorted(self.rules.reference.departments_at(self.now)))

    # --- who it is ---

    @property
    def is_platform(self) -> bool:
        """Return whether the platform does it by itself."""
        return self.by == BY_ITSELF

    @property
    def is_owner(self) -> bool:
        """Return whether it is the owner of the case."""
        return bool(self.by.agent) and self.by.agent == self.case.owner

    @property
    def is_nobodys(self) -> bool:
        """Return whether neither somebody nor a department has the case."""
        return self.case.owner is None and self.case.department is None

    @property
    def is_above(self) -> bool:
        """Return whether it is somebody above the owner."""
        return self.is_head or self.is_branch_manager or self.is_headquarters

    @property
    def is_head(self) -> bool:
        """Return whether it is the head of the department that has the case."""
        return self.heads(self.case.department)

    @property
    def is_branch_manager(self) -> bool:
        """Return whether it is the manager of the branch where the case was opened."""
        return "branch_manager" in self.by.roles and self.by.branch_id == self.case.branch_id

    @property
    def is_headquarters(self) -> bool:
        """Return whether it is somebody of headquarters."""
        return "headquarters" in self.by.roles

    def heads(self, department: str | None) -> bool:
        """Return whether it is the head of a department."""
        return "department_head" in self.by.roles and self.is_of(department)

    def is_of(self, department: str | None) -> bool:
        """Return whether it is somebody of a department."""
        return department is not None and self.by.department == department

    @property
    def is_of_department(self) -> bool:
        """Return whether it is somebody of the department that has the case."""
        return self.is_of(self.case.department)

    @property
    def owes(self) -> bool:
        """Return whether the department of whoever asks owes something on the case."""
        return any(self.is_of(one.department) for one in self.case.owed)

    @property
    def is_on_it(self) -> bool:
        """Return whether whoever asks works on the case, or is above the owner."""
        return self.is_owner or self.is_of_department or self.owes or self.is_above

    # --- what stands in the way ---

    def not_yours(self, *who: str) -> Refused:
        """Return the refusal of somebody who may not; `who` may."""
        return refuse(
            NOT_YOURS,
            by=self.by.agent,
            who=tuple(map(Word, who)),
            owner=self.case.owner,
            department=department(self.case.department),
        )

    def not_live(self) -> Refused | None:
        """Return the refusal of work on a case that is resolved or closed."""
        case = self.case
        if case.is_live:
            return None
        return refuse(NOT_LIVE, status=Word(case.status), since=case.status_since)

    def owing(self, *owed: Obligation) -> tuple[Owing, ...]:
        """Return what departments owe, as a refusal names it: the next due first."""
        found = [Owing(one.department, one.owes, self.due_at(one)) for one in owed]
        found.sort(key=lambda one: (one.due_at is None, one.due_at or self.now))
        return tuple(found)

    def due_at(self, owed: Obligation) -> datetime | None:
        """Return the deadline of an obligation, which nothing moves."""
        minutes = timedelta(minutes=owed.clock.minutes)
        return self.time.after(owed.clock.started_at, minutes)
