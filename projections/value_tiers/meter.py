"""The figures that a score is made of, standing at an instant and going on through time."""

from __future__ import annotations

from datetime import datetime

from events.touchpoints.policy import CostPolicy, TierPolicy
from projections.books.days import BEGINNING, ENDING, Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.capital import FLAT, Capital, Line, term_at
from projections.value_tiers.contributions import BalanceChange, Ending, Happening
from projections.value_tiers.kept import KeptMeter
from projections.value_tiers.provision import Provision
from projections.value_tiers.wallet import latest_sighting, model_value
from projections.value_tiers.window import Window


class Model:
    """Model value at the instant at which it stands."""

    __slots__ = ("_books", "_currency", "_days", "_window", "next_at", "value")

    def __init__(self, books: ValueBooks, days: Days, window: int, currency: str) -> None:
        self._books = books
        self._days = days
        self._window = window
        self._currency = currency
        self.value = 0
        self.next_at = BEGINNING

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
        copy = Model(self._books, self._days, self._window, self._currency)
        copy.value, copy.next_at = self.value, self.next_at
        return copy


class Meter:
    """A customer's figures over one window in one currency; None: no policy asks for them."""

    __slots__ = ("_days", "capital", "currency", "model", "provision", "window")

    def __init__(
        self,
        days: Days,
        currency: str,
        window: Window,
        capital: Capital | None,
        provision: Provision | None,
        model: Model | None,
    ) -> None:
        self._days = days
        self.currency = currency
        self.window = window
        self.capital = capital
        self.provision = provision
        self.model = model

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
        """Return when a figure changes next by itself, once all of the instant is known."""
        soonest = self.window.next_at
        for figure in (self.capital, self.provision, self.model):
            if figure is not None and figure.next_at < soonest:
                soonest = figure.next_at
        return soonest

    def pass_to(self, at: datetime) -> None:
        """Take in what changes by itself up to an instant."""
        self.window.pass_to(at)
        for figure in (self.capital, self.provision, self.model):
            if figure is not None:
                figure.pass_to(at)

    def take(self, happening: Happening) -> None:
        """Take in what happened at the instant to which it was passed."""
        if isinstance(happening, BalanceChange):
            if happening.currency == self.currency:
                today = self._days.today(happening.at)
                if self.capital is not None:
                    self.capital.owe(today, happening.change)
                if self.provision is not None:
                    self.provision.owe(today, happening.due, happening.change)
        elif isinstance(happening, Ending):
            ended = happening.contribution
            if ended.amount and ended.currency == self.currency:
                self.window.count(ended, -1, happening.at)
        elif happening.amount and happening.currency == self.currency:
            self.window.count(happening, 1, happening.at)

    def close(self, at: datetime) -> None:
        """Let the figures be those of an instant of which all is known."""
        if self.capital is not None:
            self.capital.close(at)
        if self.provision is not None:
            self.provision.close(at)

    # --- without looking at every turn ---

    def may_skip_to(self, at: datetime) -> bool:
        """Return whether up to an instant nothing turns but what `at_most` reckons with."""
        if self.window.next_at < at or (self.model is not None and self.model.next_at <= at):
            return False
        capital, provision = self.capital, self.provision
        if capital is not None and (capital.term_ends <= at or not capital.sound):
            return False
        return provision is None or provision.sound

    def at_most(self, at: datetime) -> int:
        """Return what capital and provision never cost more than together, up to an instant."""
        day = self._days.today(at)
        found = 0
        if self.capital is not None:
            found = self.capital.at_most(day)
        if self.provision is not None:
            found += self.provision.at_most(day)
        return found

    def skip_to(self, at: datetime) -> None:
        """Stand at an instant without having looked at what turned by then."""
        self.window.pass_to(at)
        if self.capital is not None:
            self.capital.skip()
        if self.provision is not None:
            self.provision.skip()

    # --- copies ---

    def kept(self) -> KeptMeter:
        """Return them as they are kept."""
        return KeptMeter(
            currency=self.currency,
            window=self.window.kept(),
            capital=None if self.capital is None else self.capital.kept(),
            provision=None if self.provision is None else self.provision.kept(),
            model=None if self.model is None else (self.model.value, self.model.next_at),
        )

    def ahead(self) -> Meter:
        """Return one that may pass on while nothing happens any more in either."""
        return Meter(
            self._days,
            self.currency,
            self.window.ahead(),
            None if self.capital is None else self.capital.ahead(),
            None if self.provision is None else self.provision.ahead(),
            None if self.model is None else self.model.ahead(),
        )

    def copy(self) -> Meter:
        """Return one that may go on by itself."""
        return Meter(
            self._days,
            self.currency,
            self.window.copy(),
            None if self.capital is None else self.capital.copy(),
            None if self.provision is None else self.provision.copy(),
            None if self.model is None else self.model.ahead(),
        )


def meter_at(books: ValueBooks, days: Days, policy: TierPolicy, at: datetime) -> Meter:
    """Return the figures of a customer of whom nothing has happened yet, at an instant."""
    rules = books.rules
    length = policy.window_days
    model = Model(books, days, length, policy.currency) if rules.weighs_model else None
    if model is not None:
        model.measure(at)
    return Meter(
        days,
        policy.currency,
        Window(days, length),
        Capital(days, length, rules.costs, term_at(rules.costs, at)) if rules.has_capital else None,
        Provision(rules, days, rules.ageing_policy(at)) if rules.has_provision else None,
        model,
    )


def meter_again(kept: KeptMeter, books: ValueBooks, days: Days) -> Meter:
    """Return the figures as they were kept."""
    rules, length = books.rules, kept.window.length
    window = Window(days, length)
    window.fill(kept.window)
    capital = provision = model = None
    if kept.capital is not None:
        capital = Capital(days, length, rules.costs, kept.capital.term)
        capital.fill(kept.capital)
    if kept.provision is not None:
        provision = Provision(rules, days, rules.ageing[kept.provision.policy].policy)
        provision.fill(kept.provision)
    if kept.model is not None:
        model = Model(books, days, length, kept.currency)
        model.value, model.next_at = kept.model
    return Meter(days, kept.currency, window, capital, provision, model)
