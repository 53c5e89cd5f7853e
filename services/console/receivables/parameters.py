"""Query parameters of the work list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.console.receivables.worklist import Sort, WorkFilter
from services.console.shared.parameters import Identifier, Paged, Several

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Bucket = Annotated[int, Field(ge=0, le=99)]
Level = Annotated[int, Field(ge=-1, le=3)]


class ItemsParameters(Paged):
    """Which open items, in which order; where several are named, either."""

    sort: Annotated[
        Sort,
        Field(
            description="overdue: the oldest due day first; amount: by currency, then the largest "
            "first; level: the highest first; promise: promised only, the earliest first."
        ),
    ] = "overdue"
    reverse: Annotated[bool, Field(description="The other way round.")] = False
    overdue: Annotated[bool, Field(description="At least a day past due.")] = False
    bucket: Annotated[list[Bucket], Several("Ageing buckets, from 0.")]
    branch: Annotated[list[Identifier], Several()]
    currency: Annotated[list[Currency], Several()]
    level: Annotated[list[Level], Several("Dunning levels sent; -1: none.")]
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None
    promise_due: Annotated[
        bool, Field(description="Promised for today or before, where the customer is at home.")
    ] = False

    def work_filter(self) -> WorkFilter:
        """Return the filter."""
        return WorkFilter(
            sort=self.sort,
            reverse=self.reverse,
            overdue=self.overdue,
            buckets=tuple(self.bucket),
            branches=tuple(dict.fromkeys(self.branch)),
            currencies=tuple(dict.fromkeys(self.currency)),
            levels=tuple(dict.fromkeys(self.level)),
            disputed=self.disputed,
            held=self.held,
            promised=self.promised,
            promise_due=self.promise_due,
        )
