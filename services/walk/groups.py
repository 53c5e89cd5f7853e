"""The customers of a part whom merges connect with others, of whatever parts.

Each part answers for its own customers, and reads for that all who are connected with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.envelope import CustomerId
from events.errors import EventError
from events.facts import Fact
from projections.merged import Merged
from services.errors import UnreadableEvent
from services.log.readable import cannot_be_read, fact
from services.log.stored import stored_event
from services.ports import Dossier, StoredEvent, Unreadable
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.walk.parts import Extent, Part

Groups = Mapping[CustomerId, Sequence[CustomerId]]
"""Customers, each with all whom merges connect with it, itself among them."""


async def groups_of(connection: Connection, part: Part) -> Groups:
    """Return the customers of a part who are in a group by all that the events table holds."""
    rows = await connection.fetch(sql("walk_groups"), part.first, part.upto)
    return {
        CustomerId(row["customer_id"]): [CustomerId(one) for one in row["members"]] for row in rows
    }


async def group_events(
    connection: Connection, customers: Sequence[CustomerId], extent: Extent
) -> dict[CustomerId, list[StoredEvent]]:
    """Return the events of customers that a walk reads."""
    found: dict[CustomerId, list[StoredEvent]] = {customer: [] for customer in customers}
    rows = await connection.fetch(
        sql("group_events"), list(customers), *extent.places, extent.known_at
    )
    for row in rows:
        found[CustomerId(row["customer_id"])].append(stored_event(row))
    return found


async def group_dossiers(
    connection: Connection, customers: Sequence[CustomerId], extent: Extent
) -> dict[CustomerId, Dossier]:
    """Return the facts of the same events."""
    found: dict[CustomerId, Dossier] = {}
    for customer, events in (await group_events(connection, customers, extent)).items():
        dossier = found[customer] = Dossier(customer, [], [])
        for stored in events:
            try:
                dossier.facts.append(fact(stored))
            except EventError as error:
                dossier.unreadable.append(Unreadable(stored.envelope.id, str(error)))
    return found


async def merged(connection: Connection, customers: Sequence[CustomerId], extent: Extent) -> Merged:
    """Return a group by the facts that a walk reads. Raises: UnreadableEvent."""
    dossiers = await group_dossiers(connection, customers, extent)
    for customer, dossier in dossiers.items():
        for event_id, reason in dossier.unreadable[:1]:
            raise UnreadableEvent(cannot_be_read(event_id, f"of {customer}", reason))
    facts: dict[CustomerId, Sequence[Fact]] = {c: one.facts for c, one in dossiers.items()}
    return Merged(facts)
