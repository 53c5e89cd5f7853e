"""Query parameters of one customer's pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.console.shared.parameters import Identifier, InstantParameters, Paged, Parameters


class LookupParameters(Parameters):
    """Whose page to open."""

    id: Identifier | None = None


class TimelineParameters(InstantParameters, Paged):
    """Which touchpoints of a customer, of all or of one kind."""

    family: Annotated[
        Identifier | None, Field(description="customer, order, payment, complaint, ...")
    ] = None
    type: Annotated[Identifier | None, Field(description="Such as payment.payment_received.")] = (
        None
    )
