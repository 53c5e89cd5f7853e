"""Keys for the simulated company: new ones each time, since a gateway keeps only hashes."""

from __future__ import annotations

from collections.abc import Iterable

from services.intake.keys import Keys
from services.platform import Platform

_LABEL = "simulator"


async def branch_keys(platform: Platform, branch_ids: Iterable[str]) -> dict[str, str]:
    """Return a new key's token for each branch, and revoke those of earlier sessions.

    Raises: Unavailable.
    """
    keys = Keys(platform.pool, platform.clock)
    for key in await keys.all():
        if key.label == _LABEL and key.revoked_at is None:
            await keys.revoke(key.key_id)
    return {branch_id: (await keys.create(branch_id, _LABEL))[1] for branch_id in branch_ids}


async def staff_keys(platform: Platform, staff_ids: Iterable[str]) -> dict[str, str]:
    """Return a new key's token for each member of staff, and revoke those of earlier sessions.

    Raises: Unavailable.
    """
    keys = Keys(platform.pool, platform.clock)
    for key in await keys.all_of_staff():
        if key.label == _LABEL and key.revoked_at is None:
            await keys.revoke(key.key_id)
    return {staff_id: (await keys.create_for_staff(staff_id, _LABEL))[1] for staff_id in staff_ids}
