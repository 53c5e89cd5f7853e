"""A log that lets others act between what somebody reads and what it appends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from services.ports import EventLog, Outcome, ReliedOn, Stale, Submission

Act = Callable[[], Awaitable[object]]


class Interleaved:
    """A log; before each of the first appends through it somebody else acts, in turn."""

    def __init__(self, log: EventLog, *acts: Act) -> None:
        self._log = log
        self._acts = list(acts)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the log's
        return getattr(self._log, name)

    async def append(self, submissions: Sequence[Submission]) -> Sequence[Outcome | Stale]:
        """Append, once another has acted."""
        await self._act()
        return await self._log.append(submissions)

    async def append_unit(
        self, submissions: Sequence[Submission], relied_on: Sequence[ReliedOn] = ()
    ) -> Sequence[Outcome] | Stale:
        """Append a unit, once another has acted."""
        await self._act()
        return await self._log.append_unit(submissions, relied_on)

    @property
    def all_acted(self) -> bool:
        """Whether all who should act have done so."""
        return not self._acts

    async def _act(self) -> None:
        if self._acts:
            await self._acts.pop(0)()


def interleaved(log: EventLog, *acts: Act) -> EventLog:
    """Return a log through which somebody else acts before each of the first appends."""
    return cast("EventLog", Interleaved(log, *acts))
