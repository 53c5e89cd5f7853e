"""What waits on somebody's desk: in the own branches and department, and by the own name."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events.calendars import DAY
from services.casework.filters import CaseFilter
from services.console.alerts.standing import StandingFilter, count_alerts
from services.console.cases.worklist import CaseItem, cases, count_cases
from services.console.receivables.worklist import Sums, WorkFilter, WorkItem, open_items, sums_of
from services.console.shared.cursor import CursorSigner
from services.console.shared.reading import Reader
from services.people.principal import Principal

LENGTH = 6
"""How many entries of each list stand on the desk."""

CAP = 1_000
_DAYS = 7

AT_A_DESK = frozenset(
    {
        "clerk", "branch_manager", "call_centre", "order_entry", "receivables", "credit",
        "department_head",
    }
)  # fmt: skip
"""Roles whose day begins with what waits for them; the others look at the company."""

OVERDUE = WorkFilter(overdue=True)
PROMISED = WorkFilter(sort="promise", promise_due=True)


class Called(Struct, frozen=True):
    """A customer who called, or to whom a call is promised."""

    at: datetime
    customer_id: str
    case_id: str | None  # None: a call is promised
    what: str  # the kind of case, or what the call is about
    branch_id: str
    due_at: datetime | None


class Desk(Struct, frozen=True):
    """What waits for somebody, each list with its beginning and what it comes to."""

    overdue: tuple[WorkItem, ...]
    overdue_sums: Sums
    promised: tuple[WorkItem, ...]
    promised_sums: Sums
    cases: tuple[CaseItem, ...]
    case_count: int  # as far as one above the cap, as are the next two
    untaken_count: int | None  # of the own department; None: there is none
    alert_count: int
    called: tuple[Called, ...]

    @property
    def customers(self) -> frozenset[str]:
        """Return whom the page names."""
        some = (self.overdue, self.promised, self.cases, self.called)
        return frozenset(one.customer_id for entries in some for one in entries)


def has_desk(principal: Principal) -> bool:
    """Return whether somebody's day begins at a desk; headquarters' begins with the company."""
    return bool(principal.roles & AT_A_DESK) and "headquarters" not in principal.roles


async def desk_of(reader: Reader, principal: Principal, signer: CursorSigner) -> Desk:
    """Return what waits for somebody, as far as he or she sees."""
    mine = CaseFilter(owner=principal.staff_id)
    untaken = None
    if principal.department is not None:
        wanted = CaseFilter(department=principal.department, unassigned=True)
        untaken = await count_cases(reader, wanted, CAP)
    since = reader.today(principal.branch_id) - _DAYS * DAY
    return Desk(
        overdue=(await open_items(reader, OVERDUE, LENGTH, signer, None)).entries,
        overdue_sums=await sums_of(reader, OVERDUE),
        promised=(await open_items(reader, PROMISED, LENGTH, signer, None)).entries,
        promised_sums=await sums_of(reader, PROMISED),
        cases=(await cases(reader, mine, LENGTH, signer, None)).entries,
        case_count=await count_cases(reader, mine, CAP),
        untaken_count=untaken,
        alert_count=await count_alerts(reader, StandingFilter(staff=principal.staff_id), CAP),
        called=tuple(
            [Called(**dict(row.items())) for row in await reader.ask("start/called", since, LENGTH)]
        ),
    )
