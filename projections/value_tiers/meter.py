"""The figures that a score is made of, standing at an instant and going on through time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from events.touchpoints.policy import CostPolicy, TierPolicy
from projections.books.days import ENDING, Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.capital import FLAT, Capital, Line
from projections.value_tiers.contributions import BalanceChange, Ending, Happening
from projections.value_tiers.provision import Provision
from projections.value_tiers.wallet import latest_sighting, model_value
from projections.value_tiers.window import Window


class Figure(Protocol):
    """A figure that changes by itself at known instants."""

    next_at: datetime

    def pass_to(self, at: datetime) -> None:
        """Take in every change up to an instant, of its own accord."""
        ...


class Model:
    """Model value at the instant at which it stands."""

    __slots__ = ("_books", "_currency", "_days", "_window", "next_at", "value")

    def __init__(
        self, books: ValueBooks, days: Days, window: int, currency: str, at: datetime
    ) -> None:
        self._books = books
        self._days = days
        self._window = window
        self._currency = currency
        self.measure(at)

    def measure(self, at: datetime) -> None:
        """Work the value out at an instant, and when it may be another."""
        books = self._books
        seen = latest_sighting(books, self._days, at, self._window, self._currency)
        self.value = model_value(books, at, seen) or 0
        following = books.next_seen_after(at)
        term = books.rules.reference.next_version_after(CostPolicy, at)
        if seen is not None:
            ends = self._days.start(self._days.of(seen.at) + self._window)
            following = min(following, ends) if ends > at else following
        self.next_at = min(following, term or ENDING)

    def pass_to(self, at: datetime) -> None:
        """Let sightings, segments and rates come and go, up to an instant."""
        if self.next_at <= at:
            self.measure(at)

    def ahead(self) -> Model:
        """Return one that may pass on by itself."""
        copy = Model.__new__(Model)
        copy._books, copy._days = self._books, self._days
        copy._window, copy._currency = self._window, self._currency
        copy.value, copy.next_at = self.value, self.next_at
        return copy


class Meter:
    """A customer's figures over one window in one currency; None: no policy asks for them."""

    __slots__ = ("_others", "capital", "currency", "model", "provision", "window")

    def __init__(self, books: ValueBooks, days: Days, policy: TierPolicy, at: datetime) -> None:
        rules = books.rules
        length = policy.window_days
        self.currency = policy.currency
        self.window = Window(days, length)
        self.capital = Capital(days, length, rules.costs, at) if rules.has_capital else None
        self.provision = Provision(rules, days, at) if rules.has_provision else None
        self.model = None
        if rules.weighs_model:
            self.model = Model(books, days, length, policy.currency, at)
        self._others = self._running()

    def _running(self) -> tuple[Figure, ...]:
        """Return what goes on beside the window."""
        figures = (self.capital, self.provision, self.model)
        return tuple(figure for figure in figures if figure is not None)

    @property
    def line(self) -> Line:
        """Return the line of the cost of capital."""
        return FLAT if self.capital is None else self.capital.line

    @property
    def provided(self) -> int:
        """Return what is set aside for bad debt."""
        return 0 if self.provision is None else self.provision.amount

    @property
    def next_at(self) -> datetime:
        """Return when a figure changes next by itself."""
        soonest = self.window.next_at
        for figure in self._others:
            soonest = min(soonest, figure.next_at)
        return soonest

    def pass_to(self, at: datetime) -> None:
        """Take in what changes by itself up to an instant."""
        self.window.pass_to(at)
        for figure in self._others:
            figure.pass_to(at)

    def take(self, happening: Happening) -> None:
        """Take in what happened at the instant to which it was passed."""
        if isinstance(happening, BalanceChange):
            at, currency, due, change = happening
            if currency == self.currency:
                if self.capital is not None:
                    self.capital.owe(at, change)
                if self.provision is not None:
                    self.provision.owe(at, due, change)
            return
        if isinstance(happening, Ending):
            contribution, sign = happening.contribution, -1
        else:
            contribution, sign = happening, 1
        if contribution.amount and contribution.currency == self.currency:
            self.window.count(contribution, sign, happening.at)

    def close(self, at: datetime) -> None:
        """Let the figures be those of an instant of which all is known."""
        if self.provision is not None:
            self.provision.close(at)

    def ahead(self) -> Meter:
        """Return one that may pass on while nothing happens any more in either."""
        return self._with(
            self.window.ahead(),
            self.capital and self.capital.ahead(),
            self.provision and self.provision.ahead(),
        )

    def copy(self) -> Meter:
        """Return one that may go on by itself."""
        return self._with(
            self.window.copy(),
            self.capital and self.capital.copy(),
            self.provision and self.provision.copy(),
        )

    def _with(self, window: Window, capital: Capital | None, provision: Provision | None) -> Meter:
        copy = Meter.__new__(Meter)
        copy.currency = self.currency
        copy.window, copy.capital, copy.provision = window, capital, provision
        copy.model = self.model and self.model.ahead()
        copy._others = copy._running()
        return copy
