"""What a worker remembers of the customers it owns: facts, and what was last written of them.

Sound because one worker owns a partition and the checkpoint proves it; dropped whole when it
turns out that somebody else does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from events.envelope import CustomerId
from projections.protocol import Facts
from services.rows.written import Written

_FACTS_PER_CUSTOMER = 4
"""What a customer takes besides its facts and what grows with them, in facts: 7 KB or so."""


@dataclass(slots=True)
class Remembered:
    """A customer under one projection: the facts, and what was written of them."""

    facts: Facts
    written: Written


class Memory:
    """The customers that a worker touched last, bounded by the facts held of all together.

    A memo grows with the facts that it was made of, so that counting facts bounds it too; what a
    customer takes besides counts as a few more. One bound for all partitions and projections:
    a long dossier may stay where others are short.
    """

    def __init__(self, max_facts: int) -> None:
        self._max_facts = max_facts
        self._held = 0
        self._sizes: OrderedDict[_Place, int] = OrderedDict()  # the one just used is the last

    def section(self) -> Section:
        """Return a part that is empty."""
        return Section(self)

    def used(self, place: _Place) -> None:
        """Take note of what was just used."""
        self._sizes.move_to_end(place)

    def holds(self, place: _Place, facts: int) -> None:
        """Take note of what is held now, as just used."""
        self.lost(place)
        self._sizes[place] = facts + _FACTS_PER_CUSTOMER
        self._held += facts + _FACTS_PER_CUSTOMER

    def lost(self, place: _Place) -> None:
        """Take note of what is not held any more."""
        self._held -= self._sizes.pop(place, 0)

    def shrink(self) -> None:
        """Forget those used longest ago and not needed now, down to the bound; one stays."""
        for _ in range(len(self._sizes) - 1):
            if self._held <= self._max_facts:
                break
            section, customer = place = next(iter(self._sizes))
            if section.needs(customer):
                self.used(place)
            else:
                section.drop((customer,))


class Section:
    """The customers of one projection in one partition.

    What is touched is needed until `release`, and stays: a batch may need more than the bound.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._customers: dict[CustomerId, Remembered] = {}
        self._needed: set[CustomerId] = set()

    def get(self, customer: CustomerId) -> Remembered | None:
        """Return what is remembered of a customer."""
        found = self._customers.get(customer)
        if found is not None:
            self._needed.add(customer)
            self._memory.used((self, customer))
        return found

    def put(self, customer: CustomerId, remembered: Remembered) -> None:
        """Remember a customer."""
        self._customers[customer] = remembered
        self._needed.add(customer)
        self._memory.holds((self, customer), len(remembered.facts))

    def needs(self, customer: CustomerId) -> bool:
        """Return whether a customer must not be forgotten just now."""
        return customer in self._needed

    def release(self) -> None:
        """Need no customer any longer, and forget those for whom there is no room.

        Of who stays, what was made of the facts is remembered, and not the facts.
        """
        used = [*self._needed]
        self._needed.clear()
        self._memory.shrink()
        for customer in used:
            remembered = self._customers.get(customer)
            if remembered is not None:
                remembered.facts.leave_out()

    def drop(self, customers: Iterable[CustomerId]) -> None:
        """Forget some customers."""
        for customer in customers:
            forgotten = self._customers.pop(customer, None)
            if forgotten is not None:
                self._needed.discard(customer)
                self._memory.lost((self, customer))

    def clear(self) -> None:
        """Forget everybody."""
        self.drop([*self._customers])


_Place = tuple[Section, CustomerId]
