"""Who the customers of a page are, told to those who may see persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from events.envelope import CustomerId
from services.console.shared.visit import Visit
from services.people.principal import Right
from services.search.persons import Person

__all__ = ["Person", "persons"]


async def persons(visit: Visit, customers: Iterable[str]) -> Mapping[str, Person]:
    """Return who each customer is: nobody, to one who may not see persons.

    A page that was told names is kept nowhere, and who looked is. Raises: Unavailable.
    """
    if not visit.principal.may(Right.SEE_PERSONS):
        return {}
    asked_again = "at_least" in visit.request.query_params  # after a write of one's own
    wanted = [CustomerId(one) for one in customers]
    found = await visit.console.persons.of(wanted, fresh=asked_again)
    visit.shows_persons([one for one, person in found.items() if person.name or person.phone])
    return {str(customer): person for customer, person in found.items()}
