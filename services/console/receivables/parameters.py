"""Query parameters of the work list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.console.receivables.worklist import Sort, WorkFilter
from services.console.shared.parameters import Identifier, Paged

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class ItemsParameters(Paged):
    """Which open items, in which order. Sorting by amount needs a currency."""

    sort: Sort = "overdue"
    bucket: Annotated[int | None, Field(ge=0, le=99, description="Ageing bucket, from 0.")] = None
    branch: Identifier | None = None
    currency: Currency | None = None
    level: Annotated[int | None, Field(ge=0, le=3, description="Dunning level sent.")] = None
    disputed: bool | None = None
    held: bool | None = None
    promised: bool | None = None

    def work_filter(self) -> WorkFilter:
        """Return the filter. Raises: BadParameter."""
        return WorkFilter(
            sort=self.sort,
            bucket=self.bucket,
            branch_id=self.branch,
            currency=self.currency,
            level=self.level,
            disputed=self.disputed,
            held=self.held,
            promised=self.promised,
        )
