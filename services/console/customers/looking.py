"""What the pages of one customer do alike: look it up at an instant, and say which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import Path

from events.envelope import CustomerId
from services.console.shared.countdown import countdown
from services.console.shared.customer_at import (
    CustomerAt,
    Lookup,
    NoInstant,
    customer_at,
    look_up,
)
from services.console.shared.i18n import with_parameters
from services.console.shared.parameters import Identifier, InstantParameters
from services.console.shared.reading import ReadModel, branch_names, department_names
from services.console.shared.visit import Visit
from services.console.shared.waiting import wait_until

A = TypeVar("A", bound=InstantParameters)
L = TypeVar("L", bound=Lookup)

CustomerPath = Annotated[Identifier, Path(description="The customer's opaque id.")]


async def seen_customer(
    visit: Visit, model: ReadModel, customer: str, asked: InstantParameters
) -> CustomerAt:
    """Return a customer's facts and the instant asked about. Raises: Problem, Unavailable."""
    await wait_until(model, asked.at_least)
    found = await customer_at(
        visit.console.everything, visit.principal, CustomerId(customer), asked.instants
    )
    visit.reflects(found.position.token())
    return found


async def seen_place(visit: Visit, customer: str, asked: InstantParameters) -> Lookup:
    """Return the same without the facts. Raises: Problem, Unavailable."""
    model = visit.console.everything
    await wait_until(model, asked.at_least)
    place = await look_up(model, visit.principal, CustomerId(customer), asked.instants)
    visit.reflects(place.position.token())
    return place


async def at_known_instants(
    asked: A, find: Callable[[A], Awaitable[L]]
) -> tuple[L, A, Mapping[str, str]]:
    """Return what is found without the instants that do not exist, and those as they were typed.

    A slip in a date leaves its reader on the page, with what they had before.
    """
    mistyped: dict[str, str] = {}
    while True:
        try:
            return await find(asked), asked, mistyped
        except NoInstant as error:
            mistyped[error.name] = error.text
            asked = asked.model_copy(update={error.name: None})


async def described(
    visit: Visit, place: Lookup, asked: InstantParameters, mistyped: Mapping[str, str]
) -> dict[str, object]:
    """Return what both pages of a customer say of it and of the instant."""
    now = {"as_of": None, "as_known": None, "cursor": None}
    return {
        "customer": place.customer,
        "asked_for": place.asked_for,
        "merges": place.merges,
        "branch_id": place.branch_id,
        "zone": place.zone,
        "at": place.at,
        "as_of": place.as_of,
        "as_known": place.as_known,
        "now_link": with_parameters(visit.request, now),
        "asked": asked,
        "mistyped": mistyped,
        "filling": await visit.console.everything.filling(),
        "reference": place.reference,
        "countdown": countdown,
        "branch_names": branch_names(place.reference, visit.language),
        "department_names": department_names(place.reference, visit.language),
    }
