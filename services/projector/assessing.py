"""A batch or a piece of due work, from what is remembered to what differs for each lane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events.policy import Reference
from services.projector.bringing_back import BringingBack
from services.projector.lane import Batch, Lane
from services.projector.recalling import Broken
from services.projector.team import Undone, Work
from services.projector.teams import Share, Teams
from services.rows.changes import Changes


class Assessing:
    """Assesses what a partition's teams share among them."""

    def __init__(self, teams: Teams, bringing_back: BringingBack) -> None:
        self._teams = teams
        self._bringing_back = bringing_back

    async def assess(
        self,
        lanes: Sequence[Lane],
        shares: Sequence[Share],
        broken: Broken,
        at: datetime,
        reference: Reference,
    ) -> Work:
        """Bring back whom teams have forgotten; return what differs once all is remembered.

        Raises: Unavailable.
        """
        await self._bringing_back.recall(shares, broken, reference)
        work = {lane: Changes() for lane in lanes}
        for team, mine in shares:
            undone = await team.assess(mine, broken, at, reference, work)
            if undone.incomplete:
                again = {customer: mine[customer] for customer in undone.incomplete}
                await self._bringing_back.recall_whole(team, undone.incomplete, broken)
                left = await team.assess(again, broken, at, reference, work)
                assert not left.incomplete, "nothing is left out of what was read whole"
                undone.apart.update(left.apart)
            if undone.apart:
                await self._apart(undone, mine, broken, at, reference, work)
        for changes in work.values():
            changes.parked.extend(broken.values())
        return work

    async def _apart(
        self,
        undone: Undone,
        batch: Batch,
        broken: Broken,
        at: datetime,
        reference: Reference,
        work: Work,
    ) -> None:
        """Have each lane assess for itself, from now on, who could not be assessed together."""
        self._teams.part(undone.apart)
        for lane in work:
            mine = {c: count for c, (count, lanes) in undone.apart.items() if lane in lanes}
            if mine:
                alone = self._teams.alone(lane)
                await self._bringing_back.recall_whole(alone, mine, broken)
                left = await alone.assess(
                    {customer: batch[customer] for customer in mine}, broken, at, reference, work
                )
                assert not left.incomplete, "nothing is left out of what was read whole"
