"""`touchstone branch key` and `touchstone quarantine`: who may publish, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.opening import opened, settings
from services.terminal import Format, FormatOption, emit, note, run_async, say
from services.wording import counted, moment, nearest

if TYPE_CHECKING:
    from services.intake.keys import BranchKey, BranchKeys
    from services.intake.quarantine import Quarantined

branch = typer.Typer(help="Branches that publish.", no_args_is_help=True)
key = typer.Typer(help="Keys with which branches publish.", no_args_is_help=True)
branch.add_typer(key, name="key")
quarantine = typer.Typer(help="Events that were refused.", no_args_is_help=True)

BranchOption = Annotated[
    str | None, typer.Option("--branch", metavar="BRANCH", help="Only of this branch.")
]


@key.command("create")
def create_key(
    branch_id: Annotated[str, typer.Argument(metavar="BRANCH", help="Such as SH-01.")],
    headquarters: Annotated[
        bool,
        typer.Option("--headquarters", help="May also publish policies and reference data."),
    ] = False,
    label: Annotated[str, typer.Option(help="Where the key is used, such as till 3.")] = "",
    form: FormatOption = Format.TEXT,
) -> None:
    """Make a key and print it: it is shown this once and never again."""
    from services.intake.keys import BranchKeys

    async def make() -> tuple[str, str]:
        async with opened() as platform:
            keys = BranchKeys(platform.pool, platform.clock)
            return await keys.create(branch_id, label, headquarters=headquarters)

    key_id, token = run_async(make())
    if form is Format.JSON:
        emit({"key_id": key_id, "branch_id": branch_id, "key": token})
        return
    note(f"Key {key_id} of branch {branch_id}. Keep it now: it is never shown again.")
    say(token)


@key.command("list")
def list_keys(branch_id: BranchOption = None, form: FormatOption = Format.TEXT) -> None:
    """List keys, revoked ones too; what they are is known to their branches alone.

    Times are in UTC.
    """
    from services.intake.keys import BranchKeys

    async def read() -> Sequence[BranchKey]:
        async with opened() as platform:
            keys = BranchKeys(platform.pool, platform.clock)
            found = await keys.all(branch_id)
            if branch_id is not None and not found:
                note(await _keyless(keys, branch_id))  # perhaps a branch that is to get one
            return found

    keys = run_async(read())
    if form is Format.JSON:
        emit(keys)
        return
    for one in keys:
        state = f"revoked {moment(one.revoked_at, UTC)}" if one.revoked_at else "in force"
        rights = "headquarters" if one.headquarters else "branch"
        made = moment(one.created_at, UTC)
        say(f"{one.key_id}  {one.branch_id}  {rights}  made {made}  {state}  {one.label}")
    if not keys and branch_id is None:
        note("No keys yet. Make one: touchstone branch key create BRANCH")


async def _keyless(keys: BranchKeys, branch_id: str) -> str:
    """Return that a branch has no key, with the branches that it may be meant for."""
    known = {one.branch_id for one in await keys.all()}
    return f"no key is of a branch {branch_id!r}{nearest(branch_id, known)}"


@key.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As the list shows it.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Put a key out of force at once. Exit code 2 if there is no such key."""
    from services.intake.keys import BranchKeys

    async def revoke() -> str:
        async with opened() as platform:
            return await BranchKeys(platform.pool, platform.clock).revoke(key_id)

    branch_id = run_async(revoke())
    if form is Format.JSON:
        emit({"key_id": key_id, "branch_id": branch_id, "revoked": True})
        return
    say(f"Key {key_id} of branch {branch_id} is out of force.")


@quarantine.command("list")
def list_quarantine(
    branch_id: BranchOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest.")] = 50,
    form: FormatOption = Format.TEXT,
) -> None:
    """List refused events, the latest first, each with field, reason and remedy.

    Times are in UTC.
    """
    from services.intake.keys import BranchKeys
    from services.intake.quarantine import Quarantine
    from services.vault.master_key import master_key
    from services.vault.vault import PostgresVault

    async def read() -> tuple[Sequence[Quarantined], int, int]:
        async with opened() as platform:
            vault = PostgresVault(platform.pool, master_key(settings()))
            kept = Quarantine(platform.pool, vault, platform.clock)
            found = await kept.latest(limit, branch_id)
            keys = BranchKeys(platform.pool, platform.clock)
            if branch_id is not None and not found and not await keys.all(branch_id):
                note(await _keyless(keys, branch_id))  # perhaps a good branch that imports files
            return found, *await kept.count(branch_id)

    entries, events, times = run_async(read())
    if form is Format.JSON:
        emit({"events": events, "times": times, "entries": entries})
        return
    for one in entries:
        say(_line(one))
    note(
        f"{counted(events, 'event')} in quarantine, sent {counted(times, 'time')}; "
        f"{len(entries):,} shown"
    )


@quarantine.command("show")
def show_quarantine(
    any_id: Annotated[str, typer.Argument(metavar="ID", help="The entry's id or the event's.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Show refused events whole. They may hold personal data: mind who looks on."""
    from services.intake.quarantine import Quarantine
    from services.vault.master_key import master_key
    from services.vault.vault import PostgresVault

    async def read() -> Sequence[Quarantined]:
        async with opened() as platform:
            vault = PostgresVault(platform.pool, master_key(settings()))
            return await Quarantine(platform.pool, vault, platform.clock).show(any_id)

    entries = run_async(read())
    if form is Format.JSON:
        emit(entries)
        return
    for one in entries:
        say(_line(one))
        say(f"  {one.event if one.event is not None else '(erased)'}")


def _line(one: Quarantined) -> str:
    return (
        f"{one.quarantine_id}  {moment(one.last_received_at, UTC)}  {one.branch_id}  "
        f"{one.event_id}  {one.type or '-'}  x{one.times}\n"
        f"  {one.code}: {one.field}: {one.reason}; {one.remedy}"
    )
