"""Which tier a customer is in, since when, and what warns of a lower one.

- Up at once, over several tiers if the score reaches their lines.
- Below the keep line of its tier a customer is warned. The local day on which that began is
  the first of the policy's days; when they are over, at a local midnight, the tier drops by
  one and the next tier's days begin. Back at the keep line, for however short a time, the
  warning is over. A tier policy without days drops at once, as often as it takes.
- A contemporary value below zero earns and keeps nothing but the lowest tier, by the same way
  down (decision 25).
- Another version of the policy: tiers keep their names; who is in a tier that is no more gets
  the one that the score earns. What is below a new line is warned from then on.
- A correction acts at once: from its instant the tier is the one the customer would be in had
  what was corrected never counted, warnings included.

Facts and policies of an instant count before the deadlines of that instant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from projections.books.days import ENDING, Days
from projections.value_tiers.capital import FLAT
from projections.value_tiers.kept import KeptJudge
from projections.value_tiers.meter import Meter
from projections.value_tiers.rules import Ladder
from projections.value_tiers.shares import BASIS, divided

Reason = Literal["first", "earned", "dropped", "policy", "corrected"]


class Move(NamedTuple):
    """A customer came into a tier; `warned_at` is since when it had been below its keep line."""

    at: datetime
    before: str | None
    tier: str | None
    reason: Reason
    warned_at: datetime | None = None


class Warned(NamedTuple):
    """A time [since, until) of being warned in a tier, and how it ended."""

    tier: str
    since: datetime
    until: datetime | None
    ended: Literal["recovered", "dropped", "policy"] | None = None


class TierJudge:
    """One customer's path through the tiers, as far as its figures were passed.

    Whoever moves the figures lets it wait for the instant, and settle at it when all of
    that instant is known; settling twice at one instant with the same figures changes nothing.
    """

    __slots__ = (
        "_entered", "_now", "days", "drop_at", "ladder", "meter", "moves", "rank", "warned_at",
        "warnings",
    )  # fmt: skip

    def __init__(self, days: Days, meter: Meter, now: datetime) -> None:
        self.days = days
        self.meter = meter
        self.ladder: Ladder | None = None
        self.rank: int | None = None
        self.warned_at: datetime | None = None
        self.drop_at: datetime | None = None
        self.moves: list[Move] = []
        self.warnings: list[Warned] = []
        self._entered = False  # another policy is to be entered at this instant
        self._now = now

    @property
    def tier(self) -> str | None:
        """Return the tier's name; None: no tiers are in force."""
        return None if self.rank is None or self.ladder is None else self.ladder.names[self.rank]

    def _contemporary_on(self, day: int) -> int:
        """Return contemporary value on a day, as far as known now."""
        meter = self.meter
        line = meter.line
        return meter.window.steady - meter.provided - (0 if line is FLAT else line.cost_on(day))

    def _score(self, contemporary: int) -> int:
        """Return the score that goes with a contemporary value; it rises with the value."""
        ladder = self.ladder
        if ladder is None or ladder.plain:
            return contemporary
        model = self.meter.model.value if self.meter.model is not None else 0
        weighed = ladder.policy.weight_contemporary * contemporary
        return divided(weighed + ladder.policy.weight_model * model, BASIS)

    @property
    def at_rest(self) -> bool:
        """Return whether time alone does nothing to it while the score stays where it is."""
        if self.ladder is None or not self.ladder.names:
            return True
        return self.rank is not None and self.warned_at is None

    def rest(self) -> None:
        """Take the instant for judged: at rest, its figures were found to change nothing."""
        self._entered = False

    def stays(self, least: int, most: int) -> bool:
        """Return whether at rest it stays so at any value from the least to the most.

        Of the lowest rank the least is never asked: it is kept at any value.
        """
        ladder, rank = self.ladder, self.rank
        if ladder is None or rank is None:
            return True
        if rank and (least < 0 or not ladder.kept(rank, self._score(least))):
            return False
        return most < 0 or not ladder.exceeded(rank, self._score(most))

    # --- through time ---

    def wait(self, until: datetime) -> None:
        """Let every deadline before `until` act at its instant."""
        while self.drop_at is not None or self.meter.line.slope:
            following = self.next_at(until)
            if following is None or following >= until:
                return
            self.settle(following)

    def next_at(self, before: datetime) -> datetime | None:
        """Return when the tier or its warning changes next by itself, looking until `before`."""
        crossing = self._crossing(before)
        found = [t for t in (self.drop_at, crossing) if t is not None]
        return min(found, default=None)

    def kept(self) -> KeptJudge:
        """Return it as it is kept."""
        return KeptJudge(
            rank=self.rank,
            warned_at=self.warned_at,
            drop_at=self.drop_at,
            moves=self.moves,
            warnings=self.warnings,
            entered=self._entered,
            now=self._now,
        )

    def fill(self, kept: KeptJudge, ladder: Ladder) -> None:
        """Let one that did not begin be what was kept."""
        self.ladder, self.rank = ladder, kept.rank
        self.warned_at, self.drop_at = kept.warned_at, kept.drop_at
        self.moves = [Move(*move) for move in kept.moves]
        self.warnings = [Warned(*warned) for warned in kept.warnings]
        self._entered = kept.entered

    def ahead(self, meter: Meter) -> TierJudge:
        """Return one that goes on with other figures from where this one stands."""
        copy = TierJudge(self.days, meter, self._now)
        copy.ladder, copy.rank, copy._entered = self.ladder, self.rank, self._entered
        copy.warned_at, copy.drop_at = self.warned_at, self.drop_at
        copy.moves, copy.warnings = self.moves[:], self.warnings[:]
        return copy

    def enter(self, ladder: Ladder, now: datetime) -> None:
        """Let another policy come into force."""
        name = self.tier
        known = name is not None and name in ladder.names
        if not known:
            self._recover(now, "policy")
        self.ladder = ladder
        self._entered = True
        self.rank = ladder.names.index(name) if known and name is not None else None
        if known and self.warned_at is not None:
            self.drop_at = self._drop_at(self.warned_at, now)
        if name is not None and not ladder.names:
            self.moves.append(Move(now, name, None, "policy"))

    # --- judging ---

    def _judge(self, day: int) -> tuple[int, bool]:
        """Return the rank it comes to at once, and whether the present one is kept."""
        assert self.ladder is not None
        value = self._contemporary_on(day)
        rank = self.rank or 0
        if value < 0:
            return rank, rank == 0
        score = self._score(value)
        return max(rank, self.ladder.earned(score)), self.ladder.kept(rank, score)

    def settle(self, now: datetime) -> None:
        """Judge the figures of an instant."""
        self._now = now
        ladder = self.ladder
        policy, self._entered = self._entered, False
        if ladder is None or not ladder.names:
            return
        day = 0 if self.meter.line is FLAT else self.days.today(now)
        reached, kept = self._judge(day)
        if self.rank is None:
            replaced = self.moves[-1].tier if self.moves else None
            self._move(now, replaced, reached, "policy" if self.moves else "first")
            kept = True
        elif reached > self.rank:
            self._recover(now, "recovered")
            self._move(now, self.tier, reached, "policy" if policy else "earned")
            kept = True
        while not kept:
            if self.warned_at is None:
                self.warned_at = now
                self.drop_at = self._drop_at(now, now)
            if self.drop_at is None or self.drop_at > now:
                return
            self._drop(now)
            _, kept = self._judge(day)
        self._recover(now, "policy" if policy else "recovered")

    def _drop_at(self, warned_at: datetime, now: datetime) -> datetime | None:
        assert self.ladder is not None
        end = self.days.start(self.days.today(warned_at) + self.ladder.drop_days)
        return max(end, now) if end < ENDING else None

    def _drop(self, now: datetime) -> None:
        assert self.rank is not None
        before, warned_at = self.tier, self.warned_at
        assert before is not None
        assert warned_at is not None
        if warned_at < now:
            self.warnings.append(Warned(before, warned_at, now, "dropped"))
        self.warned_at = self.drop_at = None
        self._move(now, before, self.rank - 1, "dropped", warned_at)

    def _recover(self, now: datetime, how: Literal["recovered", "policy"]) -> None:
        if self.warned_at is not None:
            tier = self.tier
            if tier is not None and self.warned_at < now:
                self.warnings.append(Warned(tier, self.warned_at, now, how))
            self.warned_at = self.drop_at = None

    def _move(
        self,
        now: datetime,
        before: str | None,
        rank: int,
        reason: Reason,
        warned_at: datetime | None = None,
    ) -> None:
        """Note where it went; moves of one instant are one, for the first one's reason."""
        self.rank = rank
        if self.moves and self.moves[-1].at == now:
            first = self.moves.pop()
            before, reason, warned_at = first.before, first.reason, first.warned_at
        if self.tier != before:
            self.moves.append(Move(now, before, self.tier, reason, warned_at))

    def _crossing(self, before: datetime) -> datetime | None:
        """Return the next midnight at which the drift alone changes the judgement.

        The score moves one way along a line, so whatever was crossed stays crossed: halving
        finds the first day.
        """
        if not self.meter.line.slope or self.ladder is None or not self.ladder.names:
            return None
        today = self.days.today(self._now)
        low, high = today, self.days.today(before)
        if high <= low:
            return None
        here = self._judge(today)
        if self._judge(high) == here:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._judge(middle) == here:
                low = middle
            else:
                high = middle
        return self.days.start(high)
