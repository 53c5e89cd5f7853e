"""Query parameters of one customer's pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.console.customers.listing import CustomerFilter, Sort
from services.console.shared.parameters import Identifier, InstantParameters, Paged, Several


class ListParameters(Paged):
    """Which customers, in which order; where several are named, either."""

    sort: Annotated[
        Sort,
        Field(
            description="value: the highest score first; overdue: the most first, in one currency; "
            "purchase: the longest without one first; drop: whose tier drops soonest."
        ),
    ] = "value"
    reverse: Annotated[bool, Field(description="The other way round.")] = False
    tier: Annotated[list[Identifier], Several()]
    branch: Annotated[list[Identifier], Several()]
    segment: Annotated[list[Identifier], Several()]
    overdue: Annotated[bool, Field(description="Something is overdue.")] = False
    warning: Annotated[bool, Field(description="The tier is about to drop.")] = False
    currency: Annotated[
        str | None,
        Field(pattern="^[A-Z]{3}$", description="Of what is overdue; else the company's own."),
    ] = None

    def customer_filter(self) -> CustomerFilter:
        """Return the filter."""
        return CustomerFilter(
            sort=self.sort,
            reverse=self.reverse,
            tiers=tuple(dict.fromkeys(self.tier)),
            branches=tuple(dict.fromkeys(self.branch)),
            segments=tuple(dict.fromkeys(self.segment)),
            overdue=self.overdue,
            warning=self.warning,
            currency=self.currency,
        )


class PageParameters(ListParameters):
    """The same, or whose page to open."""

    id: Identifier | None = None


class CustomerPageParameters(InstantParameters):
    """When, and what the reader has just done."""

    done: Annotated[Identifier | None, Field(description="A command, by its word.")] = None


class TimelineParameters(InstantParameters, Paged):
    """Which touchpoints of a customer, of all or of one kind."""

    family: Annotated[
        list[Identifier], Several("customer, order, payment, complaint, ...; any of several.")
    ]
    type: Annotated[Identifier | None, Field(description="Such as payment.payment_received.")] = (
        None
    )
