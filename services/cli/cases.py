"""`touchstone case`: what was decided on a case, and commands on it from the platform's machine."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, cast
from uuid import uuid4

import typer

from services.cli.commanding import (
    ByOption,
    FieldsOption,
    KeyOption,
    NoteOption,
    as_done,
    command_of,
    readable,
    staff_and_rules,
)
from services.cli.opening import opened
from services.errors import UsageError
from services.terminal import Format, FormatOption, emit, run_async, say
from services.wording import moment, quoted

if TYPE_CHECKING:
    from events.cases.commands import Command
    from services.casework.documents import EventDocument, History
    from services.casework.executing import Done
    from services.platform import Platform

app = typer.Typer(
    name="case",
    help="Cases: what was decided on one, and commands on it.",
    no_args_is_help=True,
)

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")]


@app.command()
def show(case_id: CaseArgument, form: FormatOption = Format.TEXT) -> None:
    """Show where a case stands, and all that was decided on it. Times are in UTC.

    Exit code 2 if nothing ever was: then another system keeps it, or there is none.
    """

    async def read() -> History:
        async with opened() as platform:
            return await _history(platform, case_id)

    found = run_async(read())
    if form is Format.JSON:
        emit(found)
        return
    case = found.case
    say(f"case {case.case_id} of {case.customer_id or 'nobody'}: {case.status}, {case.priority}")
    say(f"owner {case.owner or 'nobody'} of {case.department or 'no department'}")
    for what, due_at in (
        ("first answer", case.response_due_at),
        ("solution", case.solution_due_at),
        ("call-back", case.callback_due_at),
    ):
        if due_at is not None and case.status != "closed":
            say(f"{what} due {moment(due_at, UTC)}")
    for owed in case.owed:
        due = f", due {moment(owed.due_at, UTC)}" if owed.due_at else ""
        say(f"owed: {owed.department}: {owed.owes} ({owed.obligation_id}){due}")
    for event in found.events:
        say(_line(event))


def _line(event: EventDocument) -> str:
    by = event.by or "the platform"
    return f"{event.version:>4}  {moment(event.at, UTC)}  {event.type}  by {by}"


async def _history(platform: Platform, case_id: str) -> History:
    from services.casework.cases import Cases, customer_of, folded
    from services.casework.documents import History, case_document, event_document
    from services.casework.executing import Streams
    from services.casework.rulebook import Rulebook

    streams = Streams(platform.streams, platform.vault, platform.clock)
    events = await Cases(streams, platform.log, platform.pool).events(case_id)
    case = folded(events)
    if case is None:
        raise UsageError(
            f"nothing was ever decided on a case {quoted(case_id)}: check the id; what another "
            "system keeps is shown on the customer's page"
        )
    reference = await Rulebook(platform.pool).reference()
    document = case_document(case, customer_of(events), reference)
    return History(document, [event_document(event, reference) for event in events])


@app.command("do")
def do(
    case_id: CaseArgument,
    word: Annotated[str, typer.Argument(metavar="COMMAND", help="Such as take or hand-off.")],
    by: ByOption,
    fields: FieldsOption = None,
    seen: Annotated[int | None, typer.Option(help="Only if the case is at this version.")] = None,
    note: NoteOption = None,
    key: KeyOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Command a case as a member of staff: done whole, or refused with the reason.

    Exit code 1 if it is refused, 2 if there is no such command or nobody of that number.
    """

    async def command() -> Done:
        async with opened() as platform:
            return await readable(_done(platform, case_id, word, by, fields or [], seen, note, key))

    done = run_async(command())
    version = len(done.events)
    recorded = [event.envelope.type for event in done.own]
    if form is Format.JSON:
        emit({"case_id": case_id, "version": version, "events": recorded})
        return
    again = " (it was done before)" if done.replayed else ""
    say(f"done{again}: {', '.join(recorded)}; the case is at version {version}")


async def _done(
    platform: Platform,
    case_id: str,
    word: str,
    by: str,
    fields: list[str],
    seen: int | None,
    note: str | None,
    key: str | None,
) -> Done:
    from services.casework.api import COMMANDS
    from services.casework.cases import Cases
    from services.casework.executing import Streams
    from services.casework.ordering import CommandOn

    sent = command_of(COMMANDS, word, fields, note)
    staff, reference = await staff_and_rules(platform, by)
    given = CommandOn(
        on=case_id,
        command=cast("Command", sent.command),
        by=staff,
        key=key or str(uuid4()),
        seen=seen,
        personal=sent.personal,
    )
    streams = Streams(platform.streams, platform.vault, platform.clock)
    answer = await Cases(streams, platform.log, platform.pool).execute(given, reference)
    return as_done(answer, "the case")
