"""Query parameters of the credit controllers' list."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from events.money import UnknownCurrency, to_minor
from events.texts import worded
from services.console.credit.work import Phase, Sort, WorkFilter
from services.console.receivables.parameters import Currency
from services.console.shared.parameters import Identifier, Paged, Several
from services.console.shared.refusals import BadParameter

Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]


class CreditParameters(Paged):
    """Which work, in which order; several are either. What is about amounts needs one currency."""

    phase: Annotated[list[Phase], Several()]
    branch: Annotated[list[Identifier], Several()]
    currency: Annotated[list[Currency], Several()]
    least: Annotated[
        Amount | None, Field(description="At least this amount, in the currency: 1000.00.")
    ] = None
    most: Annotated[Amount | None, Field(description="At most this amount.")] = None
    sort: Annotated[
        Sort, Field(description="day: due, delivered or asked for, the oldest first.")
    ] = "day"

    def work_filter(self) -> WorkFilter:
        """Return the filter. Raises: BadParameter."""
        return WorkFilter(
            phases=tuple(dict.fromkeys(self.phase)),
            branches=tuple(dict.fromkeys(self.branch)),
            currencies=tuple(dict.fromkeys(self.currency)),
            least_minor=self._minor("least", self.least),
            most_minor=self._minor("most", self.most),
            sort=self.sort,
        )

    @property
    def is_about_amounts(self) -> bool:
        """Return whether it can be answered in one currency only."""
        return self.sort == "amount" or self.least is not None or self.most is not None

    def _minor(self, name: str, amount: str | None) -> int | None:
        if amount is None:
            return None
        currencies = set(self.currency)
        if len(currencies) != 1:
            raise BadParameter("currency", worded("amounts compare within a currency: name one"))
        [currency] = currencies
        try:
            minor, rounded = to_minor(Decimal(amount), currency)
        except UnknownCurrency as error:
            detail = worded("%(name)s: %(fault)s", name="currency", fault=worded("is no currency"))
            raise BadParameter("currency", detail) from error
        if rounded:
            raise BadParameter(
                name,
                worded(
                    "%(amount)s has more decimals than %(currency)s has",
                    amount=amount,
                    currency=currency,
                ),
            )
        return minor
