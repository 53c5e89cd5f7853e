"""What the rules alone cost: every customer of a simulated company, assessed in memory.

Nothing is read, decoded or written: the microseconds of processor time are those of `assess`
per event that the projection handles. `whole` assesses each dossier once, as a rebuild does;
`going on` after every few events, from the memo, as catching up does. A fingerprint of all that
was answered goes with each figure, so that two builds can be compared in the same breath.

    python -m tests.bench.assessing --customers 400
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from statistics import median

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.digest import customer_lines
from projections.protocol import Assessment, Facts, Projection
from projections.together import Together
from services.simulator.devices import Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
AT_ONCE = 4
"""How many events come between two assessments of a dossier that goes on."""

Company = dict[CustomerId, list[Fact]]


def company(customers: int) -> tuple[Company, Reference]:
    """Return everybody's facts in order of recording, and the rules."""
    plan = Plan.ending_today(NOON, customers=customers)
    found: Company = defaultdict(list)
    rules = []
    for n, recording in enumerate(history(open_books(plan))):
        event = _recorded(recording, n)
        if recording.envelope.subject is None:
            rules.append(event)
        else:
            found[recording.envelope.subject].append(fact_of(event))
    return found, Reference(rules)


def _recorded(recording: Recording, n: int) -> RecordedEvent:
    return RecordedEvent(
        recording.envelope, Position(1, 0, n), recording.recorded_at, recording.data
    )


def answer_of(projection: Projection, customer: CustomerId, told: Assessment) -> bytes:
    """Return all that an assessment says, as bytes."""
    lines = customer_lines(projection, customer, told)
    rest = (
        told.next_change_at,
        sorted(map(str, told.uses)),
        sorted(map(str, told.cleared.items())),
    )
    return b"\n".join((*lines, repr(rest).encode()))


class Measured:
    """Processor time of assessing, and the fingerprint of what was answered."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.events = 0
        self.parts: dict[str, str] = {}  # fingerprints by projection
        self._digest = hashlib.sha256()

    def take(self, answer: bytes) -> None:
        """Take in an answer."""
        self._digest.update(answer)

    @property
    def fingerprint(self) -> str:
        """Return what is equal if all answers are."""
        return self._digest.hexdigest()[:16]


def measure(
    projection: Projection, everybody: Company, reference: Reference, at: datetime, size: int | None
) -> Measured:
    """Assess every customer once (None), or after every `size` of its events."""
    found = Measured()
    for customer, events in everybody.items():
        facts = Facts(handles=projection.handles)
        step = size or len(events)
        for begin in range(0, len(events), step):
            for event in events[begin : begin + step]:
                facts.remember(event)
            started = time.process_time()
            told = projection.assess(customer, facts, _asked(facts, at, size), reference)
            found.seconds += time.process_time() - started
            found.take(answer_of(projection, customer, told))
        found.events += len(facts)
    return found


def measure_all(
    everybody: Company, reference: Reference, at: datetime, passes: Sequence[Together]
) -> Measured:
    """Assess every customer once under all projections, as many together as a pass says."""
    found = Measured()
    answers: dict[str, list[bytes]] = defaultdict(list)
    for customer, told in everybody.items():
        started = time.process_time()
        for one in passes:
            for _, projection, facts in one.asked(told):
                answer = projection.assess(customer, facts, at, reference)
                found.seconds += time.process_time() - started
                answers[projection.name].append(answer_of(projection, customer, answer))
                started = time.process_time()
        found.events += len(told)
    for projection in PROJECTIONS:
        digest = Measured()
        for said in answers[projection.name]:
            digest.take(said)
        found.parts[projection.name] = digest.fingerprint
    return found


def _asked(facts: Iterable[Fact], at: datetime, size: int | None) -> datetime:
    """Return now; of one that goes on, when it happened."""
    last = None if size is None else next(iter(list(facts)[-1:]), None)
    return at if last is None else last.effective_at


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--projection", action="append", help="by default all")
    asked = parser.parse_args(arguments)
    everybody, reference = company(asked.customers)
    gc.collect()
    gc.freeze()
    figures: dict[str, object] = {}
    for projection in PROJECTIONS:
        if asked.projection and projection.name not in asked.projection:
            continue
        for manner, size in (("whole", None), ("going on", AT_ONCE)):
            rounds = [
                measure(projection, everybody, reference, NOON, size) for _ in range(asked.rounds)
            ]
            costs = [one.seconds / one.events * 1e6 for one in rounds]
            figures[f"{projection.name}, {manner}"] = {
                "us_per_event": round(median(costs), 1),
                "least": round(min(costs), 1),
                "events": rounds[0].events,
                "fingerprint": rounds[0].fingerprint,
            }
            print(f"{projection.name}, {manner}: {figures[f'{projection.name}, {manner}']}")
    if not asked.projection:
        apart = [Together([projection]) for projection in PROJECTIONS]
        for manner, passes in (("apart", apart), ("together", [Together(PROJECTIONS)])):
            rounds = [measure_all(everybody, reference, NOON, passes) for _ in range(asked.rounds)]
            costs = [one.seconds / one.events * 1e6 for one in rounds]
            figures[manner] = {
                "us_per_event_of_the_log": round(median(costs), 1),
                "least": round(min(costs), 1),
                "events": rounds[0].events,
                "fingerprints": rounds[0].parts,
            }
            print(f"{manner}: {figures[manner]}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
