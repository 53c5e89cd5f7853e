"""`touchstone user`: accounts of members of staff, for whoever has a shell on the platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated

import typer

from events.calendars import DAY, day_start
from services.cli.opening import opened, settings
from services.terminal import Format, FormatOption, day_of, emit, note, run_async, say
from services.wording import counted, moment

if TYPE_CHECKING:
    from asyncpg import Record

    from services.people.accounts import Account
    from services.people.looked import Look
    from services.people.people import People

app = typer.Typer(help="Accounts with which members of staff log in.", no_args_is_help=True)

StaffId = Annotated[str, typer.Argument(metavar="STAFF", help="The number, such as SH-S4.")]


def _with_people(work: Callable[[People], Awaitable[None]]) -> None:
    """Do something with the accounts of the platform. Raises: UsageError, Unavailable."""

    async def do() -> None:
        from services.hosts.people import people_here

        async with opened() as platform:
            await work(people_here(platform, settings()))

    run_async(do())


def _by() -> str:
    from services.people.journal import COMMAND_LINE

    return COMMAND_LINE


async def _tell_link(people: People, staff_id: str, form: Format) -> None:
    """Make a link and show it, this once."""
    token = await people.accounts.link(staff_id, _by())
    link = f"{settings().console_address_of_people}/link/{token}"
    if form is Format.JSON:
        emit({"staff_id": staff_id, "link": link})
        return
    note(f"One-time link of {staff_id}, good for three days. It is never shown again.")
    say(link)


@app.command("create")
def create(
    staff_id: StaffId,
    administrator: Annotated[
        bool,
        typer.Option("--administrator", help="May administer, whatever reference data say."),
    ] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Make an account and print its one-time link, by which its owner chooses a password.

    What its owner may see and do, reference data say at every request.
    """

    async def work(people: People) -> None:
        await people.accounts.make(staff_id, _by(), administrator=administrator)
        if people.provider is None:
            await _tell_link(people, staff_id, form)
        else:
            _tell(staff_id, "made", f"{staff_id} logs in at the company's provider.", form)

    _with_people(work)


@app.command("link")
def link(staff_id: StaffId, form: FormatOption = Format.TEXT) -> None:
    """Print a new one-time link, by which a password is chosen; earlier ones are good no more."""
    _with_people(lambda people: _tell_link(people, staff_id, form))


def _tell(staff_id: str, done: str, text: str, form: Format) -> None:
    if form is Format.JSON:
        emit({"staff_id": staff_id, "done": done})
        return
    say(text)


@app.command("lock")
def lock(staff_id: StaffId, form: FormatOption = Format.TEXT) -> None:
    """Let nobody log in to an account, and end its log-ins."""

    async def work(people: People) -> None:
        await people.accounts.lock(staff_id, _by())
        _tell(staff_id, "locked", f"{staff_id} is locked; its log-ins have ended.", form)

    _with_people(work)


@app.command("unlock")
def unlock(staff_id: StaffId, form: FormatOption = Format.TEXT) -> None:
    """Lift a lock, also one after wrong tries."""

    async def work(people: People) -> None:
        await people.accounts.unlock(staff_id, _by())
        _tell(staff_id, "unlocked", f"{staff_id} may log in again.", form)

    _with_people(work)


@app.command("reset-second-factor")
def reset_second_factor(staff_id: StaffId, form: FormatOption = Format.TEXT) -> None:
    """Ask an account for no second factor until its owner sets one up anew."""

    async def work(people: People) -> None:
        await people.accounts.forget_second_factor(staff_id, _by())
        text = f"{staff_id} logs in by password alone until a second factor is set up anew."
        _tell(staff_id, "second_factor_removed", text, form)

    _with_people(work)


@app.command("log-out")
def log_out(staff_id: StaffId, form: FormatOption = Format.TEXT) -> None:
    """End every log-in of an account."""

    async def work(people: People) -> None:
        ended = await people.sessions.end_all(staff_id, _by())
        _tell(staff_id, "logged_out", f"{counted(ended, 'log-in')} of {staff_id} ended.", form)

    _with_people(work)


@app.command("administrator")
def administrator(
    staff_id: StaffId,
    no: Annotated[bool, typer.Option("--no", help="No longer.")] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """Let an account administer, whatever reference data say."""

    async def work(people: People) -> None:
        await people.accounts.set_administrator(staff_id, _by(), administers=not no)
        done = "administrator_ended" if no else "administrator_made"
        _tell(staff_id, done, f"{staff_id} administers {'no longer' if no else 'now'}.", form)

    _with_people(work)


@app.command("list")
def list_users(form: FormatOption = Format.TEXT) -> None:
    """List accounts and how they stand. Times are in UTC."""

    async def work(people: People) -> None:
        _list(await people.accounts.all(), form)

    _with_people(work)


def _list(accounts: Sequence[Account], form: Format) -> None:
    if form is Format.JSON:
        emit(accounts)
        return
    width = max((len(one.staff_id) for one in accounts), default=0)
    for one in accounts:
        factor = "second factor" if one.second_factor else "password alone"
        parts = [one.staff_id.ljust(width), _state(one), factor, counted(one.sessions, "log-in")]
        say("  ".join(parts + (["administrator"] if one.administrator else [])))
    if not accounts:
        note("No accounts yet. Make one: touchstone user create STAFF")


def _state(one: Account) -> str:
    if one.locked_at is not None:
        return f"locked {moment(one.locked_at, UTC)}"
    if one.locked_until is not None:
        return f"rests until {moment(one.locked_until, UTC)}"
    if one.link_until is not None:
        return f"link until {moment(one.link_until, UTC)}"
    return "in use" if one.has_password else "without a password"


@app.command("looks")
def looks(
    staff: Annotated[str | None, typer.Option(help="Whose looks; default: everybody's.")] = None,
    customer: Annotated[str | None, typer.Option(help="At whom; default: at anybody.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="From this day on.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Through it.")] = None,
    most: Annotated[int, typer.Option(min=1, max=50_000, help="How many, the latest.")] = 100,
    form: FormatOption = Format.TEXT,
) -> None:
    """Say who was shown the name, telephone number or notes of whom, the latest first.

    Days are the company's, times are in UTC. Older looks are read from the log.
    """
    days = tuple(
        None if text is None else day_of(text, option)
        for text, option in ((first, "--from"), (last, "--to"))
    )
    found = run_async(_looked(staff, customer, *days, most=most))
    if form is Format.JSON:
        emit(found)
        return
    for one in found:
        say(f"{moment(one.at, UTC)}  {one.staff_id} {one.customer_id}  {one.page}")


async def _looked(
    staff: str | None, customer: str | None, first: date | None, last: date | None, *, most: int
) -> Sequence[Look]:
    """Return looks from a day on and through another. Raises: Unavailable, UnreadableEvent."""
    from services.casework.rulebook import Rulebook
    from services.people.looked import LookFilter, looked
    from services.postgres.pool import translated

    async with opened() as platform:
        zone = (await Rulebook(platform.pool).reference()).zone_of(None)
        since = None if first is None else day_start(first, zone)
        before = None if last is None else day_start(last + DAY, zone)

        async def ask(statement: str, *parameters: object) -> Sequence[Record]:
            return await platform.pool.fetch(statement.format(looks="looks"), *parameters)

        with translated():
            return await looked(ask, LookFilter(staff, customer, since, before), most)
