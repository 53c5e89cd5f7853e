"""How much each key may send, on average and at once: a token bucket per key."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic

from msgspec import Struct

from events.texts import worded
from services.web.problems import Problem

_BURST_S = 10.0
"""A key that was silent so long may send as much at once as it could have sent meanwhile."""

_MANY = 10_000


class Rates(Struct, frozen=True):
    """What one key may send a second, on average."""

    requests_per_s: float = 500.0
    events_per_s: float = 5_000.0


class Bucket:
    """So much a second for each key, on average; what is taken may go into debt once."""

    def __init__(self, per_s: float, now: Callable[[], float] = monotonic) -> None:
        self._per_s = per_s
        self._most = per_s * _BURST_S
        self._now = now
        self._kept: dict[str, tuple[float, float]] = {}  # what was left, and when

    def _left(self, key: str) -> float:
        now = self._now()
        left, at = self._kept.get(key, (self._most, now))
        return min(self._most, left + (now - at) * self._per_s)

    def wait_s(self, key: str) -> float:
        """Return how long a key must wait before it may take again; 0 if it need not."""
        return max(0.0, -self._left(key) / self._per_s)

    def take(self, key: str, count: float) -> None:
        """Count what a key sends."""
        if len(self._kept) >= _MANY:  # keys that have all they may have need not be remembered
            self._kept = {k: v for k, v in self._kept.items() if self._left(k) < self._most}
        self._kept[key] = (self._left(key) - count, self._now())


class Throttle:
    """Lets a key's requests in as long as it sends no more than it may."""

    def __init__(self, rates: Rates, now: Callable[[], float] = monotonic) -> None:
        """Let each key have the same."""
        self._requests = Bucket(rates.requests_per_s, now)
        self._events = Bucket(rates.events_per_s, now)
        self._rates = rates

    def enter(self, key: str) -> None:
        """Count a request. Raises: Problem, if the key has sent too much."""
        wait_s = max(self._requests.wait_s(key), self._events.wait_s(key))
        if wait_s > 0:
            most = self._rates
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many",
                worded("this key has sent too much; nothing of this request was taken"),
                worded(
                    "send it again after Retry-After; a key may send %(requests_per_s)s requests "
                    "and %(events_per_s)s events a second on average",
                    requests_per_s=format(most.requests_per_s, "g"),
                    events_per_s=format(most.events_per_s, "g"),
                ),
                headers={"Retry-After": str(math.ceil(wait_s)), "Connection": "close"},
            )
        self._requests.take(key, 1)

    def count(self, key: str, events: int) -> None:
        """Count the events of a request that was let in."""
        self._events.take(key, events)
