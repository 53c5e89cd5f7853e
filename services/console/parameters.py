"""Query parameters, as JSON and pages take them; what is not named here is refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.console.queries.alerts import AlertFilter, AlertKind
from services.console.queries.cases import Breach, CaseFilter, Priority, Status
from services.console.queries.worklist import Sort, WorkFilter

# What PostgreSQL cannot hold (NUL) and no identifier has (control characters) stops here.
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Cursor = Annotated[str, StringConstraints(max_length=600)]
Token = Annotated[str, StringConstraints(max_length=300)]

MAX_LIMIT = 200


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lang: Annotated[str | None, Field(description="Language of texts: en or zh-CN.")] = None
    at_least: Annotated[
        Token | None,
        Field(description="Wait, for a few seconds, until this position is reflected."),
    ] = None


class FreshnessParameters(_Parameters):
    """Nothing but what every question takes."""


class AgeingParameters(_Parameters):
    """Whose ageing."""

    branch: Identifier | None = None


class PyramidParameters(_Parameters):
    """Whose pyramid."""

    branch: Identifier | None = None


class PoliciesParameters(_Parameters):
    """Nothing but what every question takes."""


class _Paged(_Parameters):
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[Cursor | None, Field(description="`next` of the page before.")] = None


class ItemsParameters(_Paged):
    """Which open items, in which order. Sorting by amount needs a currency."""

    sort: Sort = "overdue"
    bucket: Annotated[int | None, Field(ge=0, le=99, description="Ageing bucket, from 0.")] = None
    branch: Identifier | None = None
    currency: Currency | None = None
    level: Annotated[int | None, Field(ge=0, le=3, description="Dunning level sent.")] = None
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None

    def work_filter(self) -> WorkFilter:
        """Return the filter. Raises: ValueError."""
        return WorkFilter(
            sort=self.sort,
            bucket=self.bucket,
            branch_id=self.branch,
            currency=self.currency,
            level=self.level,
            disputed=self.disputed,
            held=self.held,
            promised=self.promised,
        )


class AlertsParameters(_Paged):
    """Which alerts."""

    kind: AlertKind | None = None
    branch: Identifier | None = None
    customer: Identifier | None = None

    def alert_filter(self) -> AlertFilter:
        """Return the filter."""
        return AlertFilter(self.kind, self.branch, self.customer)


class CasesParameters(_Paged):
    """Which cases; without a status those under way, open or waiting."""

    status: Status | None = None
    department: Annotated[
        Identifier | None, Field(description="In charge of the case, or owing something on it.")
    ] = None
    breach: Annotated[
        Breach | None,
        Field(description="A clock whose time is up; `obligation`: of a department, still owed."),
    ] = None
    priority: Priority | None = None
    branch: Identifier | None = None

    def case_filter(self) -> CaseFilter:
        """Return the filter."""
        return CaseFilter(self.status, self.department, self.breach, self.priority, self.branch)


class LookupParameters(_Parameters):
    """Whose page to open."""

    id: Identifier | None = None


class InstantParameters(_Parameters):
    """As of, and as known: a day (its end), or an instant."""

    as_of: Annotated[
        str | None,
        Field(
            max_length=40,
            description="What was true then: 2026-03-20 (the end of that local day), or an "
            "instant such as 2026-03-20T10:00:00+08:00; without an offset the branch's zone.",
        ),
    ] = None
    as_known: Annotated[
        str | None, Field(max_length=40, description="Only what had been recorded by then.")
    ] = None


class CustomerParameters(InstantParameters):
    """As of, and as known."""


class TimelineParameters(InstantParameters, _Paged):
    """Which touchpoints of a customer, of all or of one kind."""

    family: Annotated[
        Identifier | None, Field(description="customer, order, payment, complaint, ...")
    ] = None
    type: Annotated[Identifier | None, Field(description="Such as payment.payment_received.")] = (
        None
    )
