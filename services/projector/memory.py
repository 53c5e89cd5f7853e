"""What a worker remembers of the customers it owns: facts, and what was last written of them.

Sound because one worker owns a partition and the checkpoint proves it; dropped whole when it
turns out that somebody else does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from events.envelope import CustomerId
from projections.protocol import Alert, Facts, Row, RowKey

WrittenRows = dict[str, dict[RowKey, Row]]  # by table name


@dataclass(slots=True)
class Written:
    """What the database holds of a customer under one projection.

    `stamp` is that of the assessment it was written from; None: it was read from there.
    """

    rows: WrittenRows = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    stamp: object = None


@dataclass(slots=True)
class Remembered:
    """A customer under one projection: the facts, and what was written of them."""

    facts: Facts
    written: Written


class Memory:
    """The customers last touched, bounded by the number of facts that it holds together.

    A memo grows with the facts that it was made of, so that counting facts bounds it too.

    What a batch needs stays until `shrink`: a batch may touch more than the bound allows.
    """

    def __init__(self, max_facts: int) -> None:
        self._max_facts = max_facts
        self._held = 0
        self._customers: OrderedDict[CustomerId, tuple[Remembered, int]] = OrderedDict()

    def get(self, customer: CustomerId) -> Remembered | None:
        """Return what is remembered of a customer, and count it as just used."""
        found = self._customers.get(customer)
        if found is None:
            return None
        self._customers.move_to_end(customer)
        return found[0]

    def put(self, customer: CustomerId, remembered: Remembered) -> None:
        """Keep a customer, as the one just used."""
        self.drop((customer,))
        size = len(remembered.facts)
        self._customers[customer] = (remembered, size)
        self._held += size

    def shrink(self) -> None:
        """Forget those used longest ago, down to the bound; the last one stays."""
        while self._held > self._max_facts and len(self._customers) > 1:
            _, (_, dropped) = self._customers.popitem(last=False)
            self._held -= dropped

    def drop(self, customers: Iterable[CustomerId]) -> None:
        """Forget some customers."""
        for customer in customers:
            found = self._customers.pop(customer, None)
            if found is not None:
                self._held -= found[1]

    def clear(self) -> None:
        """Forget everything."""
        self._customers.clear()
        self._held = 0
