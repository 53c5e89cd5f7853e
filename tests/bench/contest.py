"""The same works by every side, in turn, several rounds: what an event costs each of them.

A command also costs its start, which no event does. So a work is measured on a company and on one
of a third of its customers, and the difference counts; where a company has only its late
events to take in, a start that finds none is taken off. Processor time counts, of the command
with all its processes and of PostgreSQL: a busy machine changes it little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from tests.bench.builds import Build
from tests.bench.databases import Company, Server, State
from tests.bench.figures import WorkFigures
from tests.bench.processor import Cost
from tests.bench.reckoning import Runs
from tests.bench.works import Work

SMALLER = 3
"""A company is also measured with a share of its customers: one in so many."""

Say = Callable[[str], None]


class Differing(Exception):
    """Two sides of one build answered differently."""


class Sizes(Struct, frozen=True):
    """A company, and the smaller one that tells what starting costs."""

    company: Company
    smaller: Company

    def runs(self, work: Work) -> Runs:
        """Return an empty list of runs of a work."""
        if work.state == "late":
            return Runs(self.company.late_events, 0)
        return Runs(self.company.events, self.smaller.events)

    def start_of(self, work: Work) -> tuple[Company, State]:
        """Return the company and the state on which a work's start is measured."""
        return (self.company, "live") if work.state == "late" else (self.smaller, work.state)


def contest(
    server: Server,
    sides: Sequence[Build],
    sizes: Sizes,
    works: Sequence[Work],
    rounds: int,
    say: Say,
) -> list[WorkFigures]:
    """Hold it. Raises: CommandFailed; Differing, where sides of one build answer differently."""
    competing = {work.name: [s for s in sides if work.earlier or not s.earlier] for work in works}
    runs = {
        work.name: {side.name: sizes.runs(work) for side in competing[work.name]} for work in works
    }
    for number in range(rounds):
        for work in works:
            answers: dict[str, str] = {}
            for side in _in_turn(competing[work.name], number):
                whole, answer = _cost(server, side, work, sizes.company, work.state)
                start, _ = _cost(server, side, work, *sizes.start_of(work))
                runs[work.name][side.name].whole.append(whole)
                runs[work.name][side.name].start.append(start)
                answers[side.name] = answer
                say(
                    f"round {number + 1}: {work.name:26} {side.name:14} {whole.client_s:7.2f} s"
                    f" + PostgreSQL {whole.postgres_s:6.2f} s; start {start.cpu_s:5.2f} s"
                )
            if work.answers:
                _compare(work, competing[work.name], answers)
    return [_figures(work, competing[work.name], runs[work.name]) for work in works]


def states_of(works: Sequence[Work]) -> set[State]:
    """Return the states of a company on which works are measured, starts included."""
    states = {work.state for work in works}
    return states | {"live"} if "late" in states else states


def _in_turn(sides: Sequence[Build], number: int) -> list[Build]:
    """Return the sides, each round another one first."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


def _cost(
    server: Server, side: Build, work: Work, company: Company, state: State
) -> tuple[Cost, str]:
    cost, said = server.cost(side, company, state, work.commands(side, company), copy=work.writes)
    return cost, said[-1]


def _compare(work: Work, sides: Sequence[Build], answers: Mapping[str, str]) -> None:
    """Hold the answers of one build's sides equal. Raises: Differing."""
    said = {side.name: json.loads(answers[side.name]) for side in sides if not side.earlier}
    first, *others = said
    for other in others:
        if said[other] != said[first]:
            raise Differing(f"{work.name}: {first} and {other} answer differently")


def _figures(work: Work, sides: Sequence[Build], runs: Mapping[str, Runs]) -> WorkFigures:
    earlier = next((runs[side.name] for side in sides if side.earlier), None)
    found = []
    for side in sides:
        if earlier is None or side.earlier:
            found.append(runs[side.name].figures(side.name))
        else:
            target = work.target if side.native else work.target_plain
            found.append(runs[side.name].beside(side.name, earlier, target))
    return WorkFigures(work.name, runs[sides[0].name].events, found)
