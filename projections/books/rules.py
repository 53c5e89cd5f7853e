"""The policies of the books, prepared once per state of the reference stream.

A reservation lasts as long as the version in force at the payment's or check's instant says;
a limit is the one in force when the exposure is compared with it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from events.money import Money
from events.policy import Reference
from events.touchpoints.policy import CreditPolicy
from projections.books.interest import fee_rules
from projections.books.terms import terms_of


class BookRules:
    """What the published policies mean for the books; immutable."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.credit = terms_of(reference, CreditPolicy)
        self.default_limits = any(term.policy.default_limit for term in self.credit)
        self.fees = fee_rules(reference)

    def default_limit(self, at: datetime) -> Money | None:
        """Return the limit of whoever has none, by the policy in force at an instant."""
        return self.credit_policy(at).default_limit if self.default_limits else None

    def credit_policy(self, at: datetime) -> CreditPolicy:
        """Return the credit policy in force at an instant."""
        return self.reference.in_force(CreditPolicy, at)


@lru_cache(maxsize=16)
def book_rules(reference: Reference) -> BookRules:
    """Return the prepared rules of a reference; references never change."""
    return BookRules(reference)
