"""How many wrong tries to log in one network address may make, beside the lock-out of accounts.

Only wrong tries count, so that a call centre behind one address logs in undisturbed; and a browser
that its owner has logged in with before has tries of its own, which nobody behind the same address
can use up. Kept in memory: of each process, and of so many addresses as were seen last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic

from events.texts import worded
from services.errors import Unavailable
from services.people.refusals import LogInRefused
from services.people.tokens import new_token
from services.ports import Vault

_REMEMBERED = 50_000
_KNOWN = "console:known-browsers"  # nobody's: its key signs


class TooManyTries(LogInRefused):
    """Too many tries came from there; nothing of this one was looked at."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = ceil(wait_s)
        super().__init__(
            worded("too many wrong tries to log in came from your network"),
            worded(
                "wait %(seconds)s seconds; whoever has logged in from this browser before is not "
                "kept waiting for others' tries",
                seconds=self.wait_s,
            ),
        )


class Tries:
    """So many tries at once and, when those are used up, so many a second, for each of many."""

    def __init__(
        self,
        at_once: float,
        per_s: float,
        remembered: int = _REMEMBERED,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._at_once = at_once
        self._per_s = per_s
        self._remembered = remembered
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # and when it was so

    def __len__(self) -> int:
        """Return of how many something is remembered."""
        return len(self._left)

    def count(self, who: str) -> None:
        """Count a try before it is judged. Raises: TooManyTries."""
        left = self._left_to(who)
        if left < 1:
            raise TooManyTries((1 - left) / self._per_s)
        self._keep(who, left - 1)

    @contextmanager
    def judging(self, who: str) -> Iterator[None]:
        """Count a try, unless it turns out right or nobody could judge it.

        Raises: TooManyTries, and whatever the judge raises.
        """
        self.count(who)
        try:
            yield
        except Unavailable:
            self.forgive(who)
            raise
        self.forgive(who)

    def forgive(self, who: str) -> None:
        """Count a try no longer, since it was not wrong."""
        self._keep(who, min(self._at_once, self._left_to(who) + 1))

    def _left_to(self, who: str) -> float:
        left, at = self._left.get(who, (self._at_once, self._now()))
        return min(self._at_once, left + (self._now() - at) * self._per_s)

    def _keep(self, who: str, left: float) -> None:
        self._left[who] = (left, self._now())
        self._left.move_to_end(who)
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)  # the one that was quiet longest


class LogInThrottle:
    """The tries that strangers have at the doors to a log-in; of one process."""

    def __init__(self, vault: Vault, now: Callable[[], float] = monotonic) -> None:
        """Sign what known browsers keep with a key of the vault."""
        self._vault = vault
        self.addresses = Tries(60, 1 / 10, now=now)
        self.browsers = Tries(10, 1 / 60, now=now)
        self.begun = Tries(300, 5, now=now)
        """Log-ins at the company's provider, right or wrong: what came of them is not known."""

    async def known(self, staff_id: str) -> str:
        """Return what a browser keeps with which somebody has logged in. Raises: Unavailable."""
        token = new_token()
        return f"{token}.{await self._signature(token, staff_id)}"

    async def tries_of(self, staff_id: str, kept: str, address: str | None) -> tuple[Tries, str]:
        """Return by whose tries a log-in counts: the known browser's, or the address's.

        Raises: Unavailable.
        """
        token, _, signature = kept.partition(".")
        if signature and token:
            right = await self._signature(token, staff_id)
            if compare_digest(right.encode(), signature.encode()):
                return self.browsers, token
        return self.addresses, network_of(address)

    async def _signature(self, token: str, staff_id: str) -> str:
        content = f"{token} {staff_id}".encode()
        return (await self._vault.digest(_KNOWN, content)).hex()


def network_of(address: str | None) -> str:
    """Return whose tries an address's are: of IPv6, where everybody has many, a network's."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or "?"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return str(found)
