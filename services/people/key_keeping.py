"""Keys made and revoked by somebody, told of in the journal."""

from __future__ import annotations

from events.texts import worded
from services.people.people import People
from services.people.refusals import AccountRefusal


async def make_key(
    people: People,
    by: str,
    *,
    branch_id: str = "",
    staff_id: str = "",
    label: str = "",
    headquarters: bool = False,
) -> str:
    """Return the token of a new key of a branch or of a member of staff, told this once.

    Raises: UsageError, Unavailable.
    """
    if bool(branch_id) == bool(staff_id):
        raise AccountRefusal(
            worded("a key is a branch's or a member of staff's"), worded("choose one of the two")
        )
    if branch_id:
        made = await people.keys.create(branch_id, label, headquarters=headquarters)
    else:
        made = await people.keys.create_for_staff(staff_id, label)
    key_id, token = made
    await people.journal.tell_alone(by, "key_made", staff_id or branch_id, key_id)
    return token


async def revoke_key(people: People, by: str, key_id: str) -> None:
    """Put a key out of force. Raises: UsageError, Unavailable."""
    whose = await people.keys.revoke(key_id)
    await people.journal.tell_alone(by, "key_revoked", whose, key_id)
