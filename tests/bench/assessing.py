"""What the rules alone cost: every customer of a simulated company, assessed in memory.

Nothing is read, decoded or written: the microseconds of processor time are those of remembering
and assessing, per event of the log. `whole` assesses each dossier once, all projections of a pass
`together` or each `apart`, as a rebuild does; `going on` after every few events, from the memo,
as catching up does. A fingerprint of all that was answered, made in a round of its own, goes with
each figure, so that two builds can be compared.

    python -m tests.bench.assessing --customers 400
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from statistics import median

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.digest import customer_lines
from projections.facts import Facts
from projections.protocol import Assessment, Projection
from projections.together import Together
from services.simulator.devices import Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
AT_ONCE = 4
"""How many events come between two assessments of a dossier that goes on."""

Answers = Iterator[tuple[Projection, CustomerId, Assessment]]
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


def whole(
    everybody: Company, reference: Reference, projections: Sequence[Projection], together: bool
) -> Answers:
    """Yield the answers about every customer, each asked once."""
    passes = [projections] if together else [[one] for one in projections]
    for asking in map(Together, passes):
        for customer, told in everybody.items():
            for _, projection, facts in asking.asked(told):
                yield projection, customer, projection.assess(customer, facts, NOON, reference)


def going_on(everybody: Company, reference: Reference, projection: Projection) -> Answers:
    """Yield the answers about every customer, each asked whenever a few events have come."""
    for customer, told in everybody.items():
        facts = Facts(handles=projection.handles)
        for begin in range(0, len(told), AT_ONCE):
            batch = told[begin : begin + AT_ONCE]
            changed = [facts.remember(fact) for fact in batch]
            if any(changed):
                at = max(fact.effective_at for fact in batch)
                yield projection, customer, projection.assess(customer, facts, at, reference)


def fingerprint(answers: Answers) -> str:
    """Return what is equal if all answers are, whoever was asked first."""
    said: dict[str, list[bytes]] = defaultdict(list)
    for projection, customer, told in answers:
        said[projection.name].append(answer_of(projection, customer, told))
    digest = hashlib.sha256()
    for name in sorted(said):
        digest.update(b"\n".join(said[name]))
    return digest.hexdigest()[:16]


def seconds(answers: Answers) -> float:
    """Return the processor time of finding the answers."""
    started = time.process_time()
    for _ in answers:
        pass
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(arguments)
    everybody, reference = company(asked.customers)
    events = sum(map(len, everybody.values()))
    gc.collect()
    gc.freeze()
    figures: dict[str, object] = {"events": events, "customers": len(everybody)}
    for name, answers in _manners(everybody, reference).items():
        costs = [seconds(answers()) / events * 1e6 for _ in range(asked.rounds)]
        figures[name] = {
            "us_per_event": round(median(costs), 2),
            "least": round(min(costs), 2),
            "fingerprint": fingerprint(answers()),
        }
        print(f"{name}: {figures[name]}", flush=True)
    print(json.dumps(figures))


def _manners(everybody: Company, reference: Reference) -> dict[str, Callable[[], Answers]]:
    found: dict[str, Callable[[], Answers]] = {}
    for manner, together in (("apart", False), ("together", True)):
        found[manner] = partial(whole, everybody, reference, PROJECTIONS, together)
    for one in PROJECTIONS:
        found[f"{one.name}, whole"] = partial(whole, everybody, reference, [one], together=False)
        found[f"{one.name}, going on"] = partial(going_on, everybody, reference, one)
    return found


if __name__ == "__main__":
    main()
