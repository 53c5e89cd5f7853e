"""What must hold after the rivals: everything acknowledged, once, without a gap, in whole units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tests.bench.rivals.clients import Won

Held = tuple[str, int, str]
"""Of an event that the log holds: its source, its number there, its id."""


class Found(Struct, frozen=True):
    """How many events are wrong, by kind; all are to be 0."""

    lost: int  # acknowledged and not there
    doubled: int  # there more than once, or acknowledged to two clients
    gaps: int  # numbers of a stream that are missing
    torn: int  # units that lie apart, or in another stream than they were won in
    strange: int  # there and not acknowledged to anybody

    @property
    def faults(self) -> int:
        """Return how many there are of all kinds."""
        return self.lost + self.doubled + self.gaps + self.torn + self.strange


def judge(won: Sequence[Won], held: Iterable[Held]) -> Found:
    """Compare what clients were told with what the log holds."""
    stored = list(held)
    times = Counter(event_id for _, _, event_id in stored)
    told = Counter(event_id for one in won for event_id in one.ids)
    numbers: dict[str, set[int]] = {}
    place = {event_id: (source, number) for source, number, event_id in stored}
    for source, number, _ in stored:
        numbers.setdefault(source, set()).add(number)
    return Found(
        lost=sum(event_id not in times for event_id in told),
        doubled=sum(n - 1 for n in times.values()) + sum(n - 1 for n in told.values()),
        gaps=sum(max(found) - len(found) for found in numbers.values()),
        torn=sum(not _is_whole(one, [place.get(event_id) for event_id in one.ids]) for one in won),
        strange=sum(event_id not in told for event_id in times),
    )


def _is_whole(one: Won, places: Sequence[tuple[str, int] | None]) -> bool:
    first = places[0]
    return (
        first is not None
        and first[0] == f"/cases/case-{one.case}"
        and places == [(first[0], first[1] + n) for n in range(len(one.ids))]
    )
