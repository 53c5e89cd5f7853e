"""Who promised to pay, and how it was kept: customers by how many promises they kept or broke."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from services.console.shared.cursor import CursorSigner
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import Reader

Verdict = Literal["kept", "broken", "live"]


class PromisesFilter(Struct, frozen=True):
    """Whose promises: no branch means any; of a verdict those alone who gave such a promise."""

    branch_id: str | None = None
    verdict: Verdict | None = None


class Promiser(Struct, frozen=True):
    """A customer's promises to pay in one currency, by what became of them."""

    customer_id: str
    branch_id: str | None
    currency: str
    kept: int
    broken: int
    live: int
    counted: int  # of those that the filter is about

    @property
    def share_kept(self) -> Decimal | None:
        """Return which part of those that are judged was kept; None: none is."""
        judged = self.kept + self.broken
        return Decimal(self.kept) / judged if judged else None


async def promisers(
    reader: Reader, wanted: PromisesFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[Promiser]:
    """Return a page of who promised to pay, the most promises first. Raises: BadCursor."""
    query = repr(("promises", wanted))
    place: Sequence[object] = (None, None, None)
    if cursor is not None:
        place = signer.open(query, cursor, (int, str, str))
    branches = reader.branches_of(() if wanted.branch_id is None else (wanted.branch_id,))
    rows = await reader.ask(
        "receivables/promisers", list(branches) or None, wanted.verdict, *place, limit + 1
    )
    found = [Promiser(**dict(row.items())) for row in rows]
    return page_of(
        found,
        limit,
        lambda last: signer.seal(query, (last.counted, last.customer_id, last.currency)),
    )
