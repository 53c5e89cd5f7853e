"""What a worker remembers of the customers it owns: what was made of their facts, and written.

Sound because one worker owns a partition and the checkpoint proves it; dropped whole when it
turns out that somebody else does.

Those used last are held as objects, ready to go on; others as bytes, several times as many in
the same room. Bringing one back from there takes a fraction of reading its events again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from events.envelope import CustomerId
from events.policy import Reference
from projections.facts import Facts
from services.projector.turns import Turns
from services.rows.written import Written

BYTES_PER_FACT = 1_100
"""What a fact takes that a projection remembers, with all that it makes of it."""

_HELD_AS_ONE = 4
"""Facts that are held themselves beside what was made of them: so many take one's room more."""

_FACTS_PER_CUSTOMER = 4
"""What a customer takes besides its facts and what grows with them, in facts: 5 KB or so."""

_WORTH_PACKING = 2
"""The batches that used a customer at the least, so that another one probably will."""


@dataclass(slots=True)
class Remembered:
    """A customer under the projections that are told of the same facts, and what was written.

    `written` is by projection; None: no fact was of a kind that it handles.
    """

    facts: Facts
    written: list[Written | None]
    batches: int = 0  # that used it

    @property
    def size(self) -> int:
        """Return what it counts for, in facts under one projection."""
        projections = len(self.written) - self.written.count(None)
        return max(1, projections) * (len(self.facts) + _FACTS_PER_CUSTOMER)


class Packed(NamedTuple):
    """The same as bytes, and the rules by projection that it was made under."""

    content: bytes
    rules: Sequence[Reference]


class Packer(Protocol):
    """Makes bytes of what is remembered under projections, and the same of them again."""

    def packed(self, remembered: Remembered) -> Packed | None:
        """Return it as bytes; None where there is no memo that would go on from them."""
        ...

    def unpacked(self, packed: Packed) -> Remembered:
        """Return it as it was."""
        ...


class Memory:
    """The customers that a worker touched last, bounded by the facts held of all together.

    A memo grows with the facts that it was made of, so that counting facts bounds it too; what a
    customer takes besides counts as a few more, and bytes as the facts that would take as much.
    One bound for all partitions and projections: a long dossier may stay where others are short.

    What was made of the facts is remembered, and the facts themselves where there is room for
    them too: of those used longest ago they are left out first.
    """

    def __init__(self, max_facts: int) -> None:
        self._max_facts = max_facts
        self._whole = _Held()
        self._packed = _Held()
        self._with_facts = _Held()  # how many are held themselves

    def section(self, packer: Packer | None = None) -> Section:
        """Return a part that is empty; without a packer, whoever has no room is forgotten."""
        return Section(self, packer)

    def used(self, place: _Place) -> None:
        """Take note of what was just used."""
        self._whole.used(place)

    def holds(self, place: _Place, remembered: Remembered) -> None:
        """Take note of what is held as objects now, as just used, some of the facts with it."""
        self._packed.lost(place)
        self._whole.hold(place, remembered.size)
        self._with_facts.hold(place, remembered.facts.held)

    def holds_packed(self, place: _Place, size: int) -> None:
        """Take note of what is held as bytes now."""
        self._whole.lost(place)
        self._with_facts.lost(place)
        self._packed.hold(place, 1 + size // BYTES_PER_FACT)

    def lost(self, place: _Place) -> None:
        """Take note of what is not held any more."""
        self._whole.lost(place)
        self._with_facts.lost(place)
        self._packed.lost(place)

    @property
    def _room(self) -> int:
        return self._max_facts - self._whole.size - self._packed.size

    def _lacking_for_facts(self) -> bool:
        """Return whether more facts are held than there is room for."""
        return self._with_facts.size > max(0, self._room) * _HELD_AS_ONE

    async def shrink(self) -> None:
        """Make room by those used longest ago and not needed now; one stays.

        Half of the room may be filled with objects before anybody is forgotten for them.
        """
        turns = Turns()
        await self._put_away(self._max_facts // 2, turns)
        while self._room < 0 and self._packed.places:
            section, customer = next(iter(self._packed.places))
            section.drop((customer,))
        await self._put_away(0, turns)
        await self._leave_facts_out(turns)

    async def _put_away(self, down_to: int, turns: Turns) -> None:
        for _ in range(len(self._whole.places) - 1):
            if self._room >= 0 or self._whole.size <= down_to or len(self._whole.places) < 2:
                break
            section, customer = place = next(iter(self._whole.places))
            if section.needs(customer):
                self.used(place)
            else:
                section.put_away(customer)
            await turns.next()

    async def _leave_facts_out(self, turns: Turns) -> None:
        """Hold facts no longer than there is room for them, of nobody who is needed now."""
        places = self._with_facts.places
        for place in [*places] if self._lacking_for_facts() else []:
            section, customer = place
            if place in places and not section.needs(customer):
                section.leave_out(customer)
                self._with_facts.lost(place)
                if not self._lacking_for_facts():
                    break
            await turns.next()


class _Held:
    """What is held in one form, and how many facts' room it takes."""

    def __init__(self) -> None:
        self.places: OrderedDict[_Place, int] = OrderedDict()  # the one just used is the last
        self.size = 0

    def used(self, place: _Place) -> None:
        self.places.move_to_end(place)

    def hold(self, place: _Place, size: int) -> None:
        self.lost(place)
        self.places[place] = size
        self.size += size

    def lost(self, place: _Place) -> None:
        self.size -= self.places.pop(place, 0)


class Section:
    """The customers of projections that are told of the same facts, in one partition.

    What is touched is needed until `release`, and stays: a batch may need more than the bound.
    """

    def __init__(self, memory: Memory, packer: Packer | None) -> None:
        self._memory = memory
        self._packer = packer
        self._customers: dict[CustomerId, Remembered] = {}
        self._packed: dict[CustomerId, Packed] = {}
        self._needed: set[CustomerId] = set()

    def __contains__(self, customer: CustomerId) -> bool:
        return customer in self._customers or customer in self._packed

    def __len__(self) -> int:
        return len(self._customers) + len(self._packed)

    def customers(self) -> Iterator[CustomerId]:
        """Yield who is remembered."""
        yield from self._customers
        yield from self._packed

    def get(self, customer: CustomerId) -> Remembered | None:
        """Return what is remembered of a customer."""
        found = self._customers.get(customer)
        if found is not None:
            self._needed.add(customer)
            self._memory.used((self, customer))
            return found
        packed = self._packed.pop(customer, None)
        if packed is None:
            return None
        assert self._packer is not None, "nothing else makes bytes"
        found = self._packer.unpacked(packed)
        found.batches = _WORTH_PACKING
        self.put(customer, found)
        return found

    def put(self, customer: CustomerId, remembered: Remembered) -> None:
        """Remember a customer."""
        self._packed.pop(customer, None)
        self._customers[customer] = remembered
        self._needed.add(customer)
        self._memory.holds((self, customer), remembered)

    def needs(self, customer: CustomerId) -> bool:
        """Return whether a customer must not be forgotten just now."""
        return customer in self._needed

    async def release(self) -> None:
        """Need no customer any longer, and put those away for whom there is no room."""
        for customer in self._needed:
            self._customers[customer].batches += 1
        self._needed.clear()
        await self._memory.shrink()

    def leave_out(self, customer: CustomerId) -> None:
        """Remember what was made of a customer's facts, and not the facts."""
        self._customers[customer].facts.leave_out()

    def put_away(self, customer: CustomerId) -> None:
        """Hold a customer as bytes, or forget it where that is not worth the trouble."""
        remembered = self._customers[customer]
        packed = None
        if self._packer is not None and remembered.batches >= _WORTH_PACKING:
            packed = self._packer.packed(remembered)
        if packed is None:
            self.drop((customer,))
            return
        del self._customers[customer]
        self._packed[customer] = packed
        self._memory.holds_packed((self, customer), len(packed.content))

    def drop(self, customers: Iterable[CustomerId]) -> None:
        """Forget some customers."""
        for customer in customers:
            self._customers.pop(customer, None)
            self._packed.pop(customer, None)
            self._needed.discard(customer)
            self._memory.lost((self, customer))

    def clear(self) -> None:
        """Forget everybody."""
        self.drop([*self._customers, *self._packed])


_Place = tuple[Section, CustomerId]
