"""A few facts about one invoice or order, worked out from first principles.

Nothing of the product is used: amounts are whole numbers, there is one debt, and each question
is answered by what the rules of domain.md, section 11, say should be left in the end, not by
following how it came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Debt:
    """One invoice or till order of `amount`, whose goods cost `cost`."""

    amount: int
    cost: int
    paid: int = 0  # by payments that name it
    noted: int = 0  # by credit notes that name it
    written_off: int = 0
    refunded: int = 0
    returned: int = 0  # goods that came back

    @property
    def settled_by_notes(self) -> int:
        """Notes settle before anybody else, and never more than there is."""
        return min(self.noted, self.amount)

    @property
    def settled_by_payments(self) -> int:
        return min(self.paid, self.amount - self.settled_by_notes)

    @property
    def given_up(self) -> int:
        """What a write-off gave up is what nobody else settled, at most its amount."""
        left = self.amount - self.settled_by_notes - self.settled_by_payments
        return min(self.written_off, left)

    @property
    def outstanding(self) -> int:
        return (
            self.amount - self.settled_by_notes - self.settled_by_payments - self.given_up
        ) + self.owed_back

    @property
    def left_over(self) -> int:
        """What was paid or noted and settled nothing, before any refund."""
        return self.paid - self.settled_by_payments + self.noted - self.settled_by_notes

    @property
    def credit(self) -> int:
        return max(0, self.left_over - self.refunded)

    @property
    def owed_back(self) -> int:
        return max(0, self.refunded - self.left_over)

    @property
    def value(self) -> int:
        """Money that settled it, less the cost of the goods settled that did not come back."""
        settled = self.settled_by_notes + self.settled_by_payments + self.given_up
        sold = settled - min(self.returned, self.settled_by_notes)
        cost = Fraction(self.cost * sold, self.amount) if self.amount else Fraction(0)
        assert cost.denominator == 1, "choose amounts that divide"
        return self.settled_by_payments - int(cost)
