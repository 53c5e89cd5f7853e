"""`touchstone branch key`, `touchstone staff key` and `touchstone quarantine`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from services.cli.opening import opened, settings
from services.terminal import Format, FormatOption, emit, note, run_async, say
from services.wording import counted, moment, nearest, quoted

if TYPE_CHECKING:
    from services.intake.answers import Answer
    from services.intake.keys import Key, Keys
    from services.intake.quarantine import Quarantine, Quarantined, Waiting
    from services.platform import Platform

branch = typer.Typer(help="Branches that publish.", no_args_is_help=True)
key = typer.Typer(help="Keys with which branches publish.", no_args_is_help=True)
branch.add_typer(key, name="key")
staff = typer.Typer(help="Members of staff who command.", no_args_is_help=True)
staff_key = typer.Typer(help="Keys with which members of staff command.", no_args_is_help=True)
staff.add_typer(staff_key, name="key")
quarantine = typer.Typer(help="Events that were refused.", no_args_is_help=True)

_LISTED_KEYS = 40
"""How many keys a list shows, unless all are asked for: a screen of them."""

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
    from services.intake.keys import Keys

    async def make() -> tuple[str, str]:
        async with opened() as platform:
            keys = Keys(platform.pool, platform.clock)
            made = await keys.create(branch_id, label, headquarters=headquarters)
            await _note(platform, "key_made", branch_id, made[0])
            return made

    _tell_key(*run_async(make()), "branch_id", branch_id, form)


async def _note(platform: Platform, act: str, whose: str, key_id: str) -> None:
    """Tell the journal of people what was done with a key. Raises: Unavailable."""
    from services.people.journal import COMMAND_LINE, Journal

    journal = Journal(platform.pool, platform.clock)
    await journal.tell_alone(COMMAND_LINE, act, whose, key_id)


def _tell_key(key_id: str, token: str, field: str, whose: str, form: Format) -> None:
    """Show a new key, this once."""
    if form is Format.JSON:
        emit({"key_id": key_id, field: whose, "key": token})
        return
    note(f"Key {key_id} of {whose}. Keep it now: it is never shown again.")
    say(token)


@staff_key.command("create")
def create_staff_key(
    staff_id: Annotated[str, typer.Argument(metavar="STAFF", help="The number, such as SH-S4.")],
    label: Annotated[str, typer.Option(help="Where the key is used, such as desk 3.")] = "",
    form: FormatOption = Format.TEXT,
) -> None:
    """Make a key for a member of staff and print it: it is shown this once and never again.

    It may do what reference data say of the number at the time of a command.
    Where they know nobody of that number, that is said, and the key waits.
    """
    from services.intake.keys import Keys

    async def make() -> tuple[str, str]:
        async with opened() as platform:
            made = await Keys(platform.pool, platform.clock).create_for_staff(staff_id, label)
            await _note(platform, "key_made", staff_id, made[0])
            if unknown := await _nobody(platform, staff_id):
                note(unknown)
            return made

    _tell_key(*run_async(make()), "staff_id", staff_id, form)


async def _nobody(platform: Platform, staff_id: str) -> str | None:
    """Return that reference data know nobody of a number now, if so. Raises: Unavailable."""
    from events.cases.staff import staff_in_force
    from services.casework.rulebook import Rulebook

    reference = await Rulebook(platform.pool).reference()
    if staff_in_force(reference, staff_id, platform.clock.now()) is not None:
        return None
    heads = (one.head for one in reference.departments.values())
    known = {*reference.staff, *filter(None, heads)} - {staff_id}
    meant = nearest(staff_id, known) if len(known) > 0 else ""
    return (
        f"Reference data know nobody of the number {quoted(staff_id)} who works here now{meant}: "
        "the key commands nothing until reference.staff_set is published for it."
    )


InForceOption = Annotated[bool, typer.Option("--in-force", help="Leave revoked ones out.")]
LabelOption = Annotated[str | None, typer.Option("--label", help="Only with this label.")]
AllOption = Annotated[
    bool, typer.Option("--all", help=f"All of them, not only the first {_LISTED_KEYS}.")
]


def _picked(keys: Sequence[Key], in_force: bool, label: str | None) -> Sequence[Key]:
    """Return the keys that are asked for: those in force stand first."""
    found = [
        one
        for one in keys
        if (one.revoked_at is None or not in_force) and label in (None, one.label)
    ]
    return sorted(found, key=lambda one: one.revoked_at is not None)


def _list_keys(keys: Sequence[Key], whose: Callable[[Key], str], everything: bool) -> None:
    """Show keys a line each, in columns; of many the first ones, and how many more there are."""
    shown = keys if everything else keys[:_LISTED_KEYS]
    width = max((len(whose(one)) for one in shown), default=0)
    for one in shown:
        say(_key_line(one, whose(one).ljust(width)))
    if len(shown) < len(keys):
        note(
            f"{len(keys) - len(shown)} more of {len(keys)}: --all lists them; --in-force and "
            "--label list fewer."
        )


@key.command("list")
def list_keys(
    branch_id: BranchOption = None,
    in_force: InForceOption = False,
    label: LabelOption = None,
    everything: AllOption = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """List keys, those in force first; what they are is known to their branches alone.

    Times are in UTC. JSON has all of them.
    """
    from services.intake.keys import Keys

    async def read() -> Sequence[Key]:
        async with opened() as platform:
            keys = Keys(platform.pool, platform.clock)
            found = await keys.all(branch_id)
            if branch_id is not None and not found:
                note(await _keyless(keys, branch_id))  # perhaps a branch that is to get one
            return found

    found = run_async(read())
    keys = _picked(found, in_force, label)
    if form is Format.JSON:
        emit(keys)
        return
    _list_keys(keys, _branch_and_rights, everything)
    if not found and branch_id is None:
        note("No keys yet. Make one: touchstone branch key create BRANCH")


def _branch_and_rights(one: Key) -> str:
    return f"{one.branch_id}  {'headquarters' if one.headquarters else 'branch'}"


def _key_line(one: Key, whose: str) -> str:
    state = f"revoked {moment(one.revoked_at, UTC)}" if one.revoked_at else "in force"
    return f"{one.key_id}  {whose}  made {moment(one.created_at, UTC)}  {state}  {one.label}"


@staff_key.command("list")
def list_staff_keys(
    staff_id: Annotated[
        str | None, typer.Option("--staff", metavar="STAFF", help="Only of this member of staff.")
    ] = None,
    in_force: InForceOption = False,
    label: LabelOption = None,
    everything: AllOption = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """List the keys of members of staff, those in force first.

    Times are in UTC. JSON has all of them.
    """
    from services.intake.keys import Keys

    async def read() -> Sequence[Key]:
        async with opened() as platform:
            return await Keys(platform.pool, platform.clock).all_of_staff(staff_id)

    found = run_async(read())
    keys = _picked(found, in_force, label)
    if form is Format.JSON:
        emit(keys)
        return
    _list_keys(keys, lambda one: str(one.staff_id), everything)
    if not found:
        note("No such keys yet. Make one: touchstone staff key create STAFF")


async def _keyless(keys: Keys, branch_id: str) -> str:
    """Return that a branch has no key, with the branches that it may be meant for."""
    known = {one.branch_id or "" for one in await keys.all()}
    return f"no key is of a branch {branch_id!r}{nearest(branch_id, known)}"


KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="As the list shows it.")]


@key.command("revoke")
def revoke_key(key_id: KeyId, form: FormatOption = Format.TEXT) -> None:
    """Put a key out of force at once. Exit code 2 if there is no such key."""
    _revoke(key_id, "branch_id", form)


@staff_key.command("revoke")
def revoke_staff_key(key_id: KeyId, form: FormatOption = Format.TEXT) -> None:
    """Put a key of a member of staff out of force at once. Exit code 2 if there is no such key."""
    _revoke(key_id, "staff_id", form)


def _revoke(key_id: str, field: str, form: Format) -> None:
    from services.intake.keys import Keys

    async def revoke() -> str:
        async with opened() as platform:
            whose = await Keys(platform.pool, platform.clock).revoke(key_id)
            await _note(platform, "key_revoked", whose, key_id)
            return whose

    whose = run_async(revoke())
    if form is Format.JSON:
        emit({"key_id": key_id, field: whose, "revoked": True})
        return
    say(f"Key {key_id} of {whose} is out of force.")


@quarantine.command("list")
def list_quarantine(
    branch_id: BranchOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the latest.")] = 50,
    settled: Annotated[
        bool, typer.Option("--all", help="Also those resubmitted or discarded.")
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """List refused events that wait, the latest first, each with field, reason and remedy.

    Times are in UTC. How many are kept of a branch, and for how long, say
    TOUCHSTONE_QUARANTINE_EVENTS, _MB and _DAYS.
    """
    from services.intake.keys import Keys

    async def read() -> tuple[Sequence[Quarantined], Waiting]:
        async with opened() as platform:
            kept = _kept(platform)
            found = await kept.latest(limit, branch_id, settled=settled)
            keys = Keys(platform.pool, platform.clock)
            if branch_id is not None and not found and not await keys.all(branch_id):
                note(await _keyless(keys, branch_id))  # perhaps a good branch that imports files
            return found, await kept.count(branch_id)

    entries, waiting = run_async(read())
    if form is Format.JSON:
        emit({**msgspec.structs.asdict(waiting), "entries": entries})
        return
    for one in entries:
        say(_line(one))
    note(
        f"{counted(waiting.events, 'event')} in quarantine, sent {counted(waiting.times, 'time')}; "
        f"{len(entries):,} shown"
    )
    if waiting.overflow:
        note(
            f"{counted(waiting.overflow, 'event')} more came when their branch's room was full, "
            "and are not kept"
        )


@quarantine.command("show")
def show_quarantine(
    any_id: Annotated[str, typer.Argument(metavar="ID", help="The entry's id or the event's.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Show refused events whole. They may hold personal data: mind who looks on."""

    async def read() -> Sequence[Quarantined]:
        async with opened() as platform:
            return await _kept(platform).show(any_id)

    entries = run_async(read())
    if form is Format.JSON:
        emit(entries)
        return
    for one in entries:
        say(_line(one))
        say(f"  {one.event if one.event is not None else '(not kept any more)'}")


@quarantine.command("resubmit")
def resubmit_event(
    any_id: Annotated[str, typer.Argument(metavar="ID", help="The entry's id or the event's.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Correct a field, such as data.amount.minor=1250; a PATH alone leaves it out. "
            "Text of digits needs quotes: 'data.payment_id=\"17\"'. May be given several times.",
        ),
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option(
            "--event", metavar="FILE", help="The whole event, corrected, as JSON.", exists=True
        ),
    ] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Send a refused event again, corrected, for the branch that sent it.

    Accepted, it is settled; refused, it waits on as it was and the exit code is 1.
    """
    from services.intake.mending import resubmit

    async def send() -> Answer:
        corrected = event.read_bytes() if event is not None else None
        async with opened() as platform:
            kept = _kept(platform)
            return await resubmit(platform.intake, kept, any_id, corrected, changes or ())

    answer = run_async(send())
    if form is Format.JSON:
        emit(answer)
    elif answer.status == "refused":
        note(f"refused again: {answer.field}: {answer.reason}; {answer.remedy}")
    else:
        say(f"{answer.id} is {answer.status}, position {answer.position}")
    if answer.status == "refused":
        raise typer.Exit(1)


@quarantine.command("discard")
def discard_event(
    any_id: Annotated[str, typer.Argument(metavar="ID", help="The entry's id or the event's.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in clear: nothing personal.")],
    form: FormatOption = Format.TEXT,
) -> None:
    """Discard a refused event for a reason; the event itself is let go of at once."""
    from services.intake.mending import discard

    async def settle() -> str:
        async with opened() as platform:
            return await discard(_kept(platform), any_id, reason)

    entry = run_async(settle())
    if form is Format.JSON:
        emit({"quarantine_id": entry, "state": "discarded", "reason": reason})
        return
    say(f"{entry} is discarded.")


def _kept(platform: Platform) -> Quarantine:
    from services.hosts.bootstrap import room_of
    from services.intake.quarantine import Quarantine

    return Quarantine(platform.pool, platform.vault, platform.clock, room_of(settings()))


def _line(one: Quarantined) -> str:
    from services.web.languages import terminal_language, told

    language = terminal_language()
    why = f"{told(one.why, language)}; {told(one.mended_by, language)}"
    settled = "" if one.state == "waiting" else f"\n  {one.state}: {one.settled_reason}"
    return (
        f"{one.quarantine_id}  {moment(one.last_received_at, UTC)}  {one.branch_id}  "
        f"{one.event_id}  {one.type or '-'}  x{one.times}\n"
        f"  {one.code}: {one.field}: {why}{settled}"
    )
