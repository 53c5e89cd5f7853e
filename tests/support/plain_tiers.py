"""A customer's way through the tiers, judged at every instant that could matter.

What counted and what was owed is taken as the books tell it. Everything else is worked out from
first principles: at each fact, each local midnight and each instant at which a policy, a sighting
or a segment begins, all figures are summed up anew and the rules of domain.md, section 5, are
applied. Nothing is kept from one instant to the next but the tier and its warning.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy, CostPolicy, PolicyRecord, TierPolicy
from projections.books.ageing import Balance, ageing
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import BalanceChange, Contribution
from projections.value_tiers.tiers import Move, Warned

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@dataclass
class PlainWay:
    """Where a customer is, and how it came there."""

    tier: str | None = None
    warned_at: datetime | None = None
    drop_at: datetime | None = None
    moves: list[Move] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)


class PlainTiers:
    """One customer's figures and tiers, as the books stand."""

    def __init__(self, books: ValueBooks, zone: ZoneInfo, reference: Reference) -> None:
        self.books = books
        self.zone = zone
        self.reference = reference
        happened = books.contributions.happenings
        told = [one for one in happened if isinstance(one, Contribution)]
        self.counted = [one for one in told if not one.corrected]
        self.owed = [one for one in happened if isinstance(one, BalanceChange)]
        self.happened_at = {one.at for one in happened}

    def way(self, at: datetime) -> PlainWay:
        """Return the way up to an instant."""
        way = PlainWay()
        last: TierPolicy | None = None
        for now in self._instants(at):
            policy = self.reference.in_force(TierPolicy, now)
            self._judge(way, policy, now, entered=last is not None and policy is not last)
            last = policy
        return way

    def _instants(self, at: datetime) -> list[datetime]:
        first = self.books.first
        assert first is not None
        born = first.effective_at
        found = {born, at, *self.happened_at}
        day = self._day(born)
        while (midnight := self._start(day)) <= at:
            found.add(midnight)
            day += DAY
        kinds: tuple[type[PolicyRecord], ...] = (TierPolicy, CostPolicy, AgeingPolicy)
        found.update(v.effective_from for kind in kinds for v in self.reference.versions(kind))
        found.update(seen.at for told in self.books.sightings.values() for seen in told)
        found.update(instant for instant, _ in self.books.segments)
        return sorted(instant for instant in found if born <= instant <= at)

    # --- the rules ---

    def _judge(self, way: PlainWay, policy: TierPolicy, now: datetime, *, entered: bool) -> None:
        ladder = sorted(policy.tiers, key=lambda tier: tier.line_minor)
        names = [policy.lowest, *(tier.name for tier in ladder)] if ladder else []
        if entered:
            self._enter(way, names, policy, now)
        if not names:
            return
        value = self._contemporary(policy, now)
        score = self._score(policy, value, now)
        lines = [tier.line_minor for tier in ladder]
        earned = bisect_right(lines, score) if value >= 0 else 0
        if way.tier is None:
            before = way.moves[-1].tier if way.moves else None
            self._move(way, now, before, names[earned], "policy" if way.moves else "first")
        elif earned > names.index(way.tier):
            self._end_warning(way, now, "recovered")
            self._move(way, now, way.tier, names[earned], "policy" if entered else "earned")
        rank = names.index(way.tier or "")
        while rank and not (value >= 0 and _keeps(policy, lines[rank - 1], score)):
            if way.warned_at is None:
                way.warned_at = now
                way.drop_at = self._drops(now, policy)
            if way.drop_at is None or way.drop_at > now:
                return
            warned, before = way.warned_at, names[rank]
            if warned < now:
                way.warnings.append(Warned(before, warned, now, "dropped"))
            way.warned_at = way.drop_at = None
            rank -= 1
            self._move(way, now, before, names[rank], "dropped", warned)
        self._end_warning(way, now, "policy" if entered else "recovered")

    def _enter(self, way: PlainWay, names: list[str], policy: TierPolicy, now: datetime) -> None:
        if way.tier not in names:
            self._end_warning(way, now, "policy")
            if way.tier is not None and not names:
                way.moves.append(Move(now, way.tier, None, "policy"))
            way.tier = None
        elif way.warned_at is not None:
            dropped = self._drops(way.warned_at, policy)
            way.drop_at = None if dropped is None else max(dropped, now)

    def _move(
        self, way: PlainWay, now: datetime, before: str | None, tier: str, reason: str,
        warned: datetime | None = None,
    ) -> None:  # fmt: skip
        if way.moves and way.moves[-1].at == now:
            first = way.moves.pop()
            before, reason, warned = first.before, first.reason, first.warned_at
        way.tier = tier
        if tier != before:
            way.moves.append(Move(now, before, tier, reason, warned))  # type: ignore[arg-type]

    def _end_warning(self, way: PlainWay, now: datetime, how: str) -> None:
        if way.warned_at is not None:
            if way.tier is not None and way.warned_at < now:
                way.warnings.append(
                    Warned(way.tier, way.warned_at, now, how)  # type: ignore[arg-type]
                )
            way.warned_at = way.drop_at = None

    def _drops(self, warned_at: datetime, policy: TierPolicy) -> datetime | None:
        return max(self._start(self._day(warned_at) + policy.drop_days * DAY), warned_at)

    # --- the figures ---

    def _contemporary(self, policy: TierPolicy, now: datetime) -> int:
        currency, window = policy.currency, policy.window_days
        today = self._day(now)
        value = 0
        for one in self.counted:
            ended = one.until is not None and one.until <= now
            if one.currency == currency and one.at <= now and not ended:
                expires = self._start(self._day(one.on) + window * DAY)
                value += one.amount if now < expires else 0
        owed = [one for one in self.owed if one.currency == currency and one.at <= now]
        capital = sum(self._day_cost(owed, today - k * DAY) for k in range(1, window))
        value -= _rounded(Fraction(capital, 1_000_000))
        due: dict[int, int] = {}
        for change in owed:
            due[change.due] = due.get(change.due, 0) + change.change
        policy_of_age = self.reference.in_force(AgeingPolicy, now)
        balances = [Balance(day, amount) for day, amount in due.items()]
        return value - ageing(balances, today, policy_of_age).provision_minor

    def _day_cost(self, owed: list[BalanceChange], day: date) -> int:
        ends = self._start(day + DAY)
        balance = sum(change.change for change in owed if change.at < ends)
        return balance * self.reference.in_force(CostPolicy, ends - INSTANT).capital_per_day

    def _score(self, policy: TierPolicy, value: int, now: datetime) -> int:
        weighed = policy.weight_contemporary * value
        weighed += policy.weight_model * self._model(policy, now)
        return _rounded(Fraction(weighed, 10_000))

    def _model(self, policy: TierPolicy, now: datetime) -> int:
        seen = [s for s in self.books.sightings.get(policy.currency, ()) if s.at <= now]
        if not seen or self._day(seen[-1].at) < self._day(now) - (policy.window_days - 1) * DAY:
            return 0
        costs = self.reference.in_force(CostPolicy, now)
        segment = next((name for at, name in reversed(self.books.segments) if at <= now), None)
        win = next((rate.win_rate for rate in costs.win_rates if rate.segment == segment), 0)
        yearly = seen[-1].spend.minor * 12
        return _rounded(Fraction(yearly * costs.margin_rate * win, 100_000_000))

    def _day(self, at: datetime) -> date:
        day = at.astimezone(self.zone).date()
        return day + DAY if at >= self._start(day + DAY) else day

    def _start(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


def _keeps(policy: TierPolicy, line: int, score: int) -> bool:
    return score >= min(Fraction(line * policy.keep_share, 10_000), Fraction(line))


def _rounded(value: Fraction) -> int:
    return round(value)  # a half to the even one
