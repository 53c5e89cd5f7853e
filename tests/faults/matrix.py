"""A fault, what it is given, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.faults.clients import Ledger
from tests.faults.ground import Ground
from tests.faults.oracle import Findings

Mode = Literal["embedded", "kafka"]


@dataclass(slots=True)
class Scene:
    """What a fault is given: where it happens, its choices, and how long it may last."""

    ground: Ground
    seed: int
    short: bool
    say: Callable[[str], None]

    def dice(self, name: str) -> Random:
        """Return a random stream of its own for that name."""
        return Random(f"{self.seed} {name}")

    def choose(self, long: int, short: int) -> int:
        """Return the first number in a full run and the second in a short one."""
        return short if self.short else long


@dataclass(slots=True)
class Outcome:
    """What a fault did, and everything that should not be."""

    times: int = 0
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a rule that does not hold."""
        if not holds:
            self.wrong.append(otherwise)

    def add(self, ledger: Ledger, found: Findings) -> None:
        """Take in what the oracle found."""
        self.acknowledged += len(ledger.receipts)
        self.wrong += found.wrong
        self.count("copies_in_topics", found.copies)
        self.count("duplicates_answered", ledger.duplicates)
        self.count("refused_503", ledger.unavailable)
        self.count("broken_off", ledger.unanswered)

    def count(self, name: str, number: int) -> None:
        """Add to a figure that is told in the end."""
        before = self.notes.get(name, 0)
        assert isinstance(before, int)
        self.notes[name] = before + number


class Skipped(Exception):
    """This machine cannot do that; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its name, in one mode."""

    name: str
    mode: Mode
    run: Callable[[Scene], Awaitable[Outcome]]
