"""Who watches the overview together: one picture for all who see the same, and never another's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from services.console.overview.live import LiveOverview
from services.people.principal import Principal, Right, Scope

_MOST_KEPT = 64
"""Of pictures that nobody watches; of a company with more branches some are gathered anew."""


class Audience(Struct, frozen=True):
    """All who see the same customers and may do the same: a frame for each of their languages."""

    scope: Scope
    rights: frozenset[Right]

    @property
    def principal(self) -> Principal:
        """Return the one that all of them are, when what they see is gathered."""
        return Principal("audience", self.scope, self.rights)


class Audiences:
    """The live overview of each audience, for so many viewers together at most."""

    def __init__(
        self,
        make: Callable[[Principal], LiveOverview],
        most_viewers: int,
        most_kept: int = _MOST_KEPT,
    ) -> None:
        self._make = make
        self._most_viewers = most_viewers
        self._most_kept = most_kept
        self._each: OrderedDict[Audience, LiveOverview] = OrderedDict()  # the latest asked for last
        self._closed = False

    def of(self, principal: Principal) -> LiveOverview:
        """Return what somebody watches, the same for all of the audience."""
        audience = Audience(principal.scope, principal.rights)
        live = self._each.get(audience)
        if live is None:
            live = self._each[audience] = self._make(audience.principal)
            if self._closed:
                live.end_streams()
            self._forget_idle(but=audience)
        self._each.move_to_end(audience)
        return live

    @property
    def is_full(self) -> bool:
        """Return whether as many streams are open as this process serves."""
        return sum(live.viewers for live in self._each.values()) >= self._most_viewers

    def end_streams(self) -> None:
        """Let every stream end now; a server that is told to stop calls this first."""
        self._closed = True
        for live in self._each.values():
            live.end_streams()

    async def close(self) -> None:
        """End every stream, and the ticks."""
        self.end_streams()
        for live in list(self._each.values()):
            await live.close()

    def _forget_idle(self, but: Audience) -> None:
        """Let go of what nobody has watched for the longest, beyond what is kept."""
        idle = [one for one, live in self._each.items() if one != but and not live.viewers]
        for one in idle[: max(0, len(idle) + 1 - self._most_kept)]:
            self._each.pop(one).end_streams()  # whoever was just about to watch comes back
