"""`touchstone alert`: commands on alerts about no case from the platform's machine."""

from __future__ import annotations

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
from services.terminal import Format, FormatOption, emit, run_async, say

if TYPE_CHECKING:
    from events.cases.alerts import AlertCommand
    from services.casework.executing import Done
    from services.platform import Platform

app = typer.Typer(
    name="alert",
    help="Alerts about no case: take one up, put it off, pass it on.",
    no_args_is_help=True,
)


@app.callback()
def alert() -> None:
    """Alerts about no case: take one up, put it off, pass it on."""


@app.command("do")
def do(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id.")],
    word: Annotated[
        str, typer.Argument(metavar="COMMAND", help="acknowledge, snooze or delegate.")
    ],
    by: ByOption,
    fields: FieldsOption = None,
    note: NoteOption = None,
    key: KeyOption = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Command an alert as a member of staff whom it reached: done, or refused with the reason.

    Exit code 1 if it is refused, 2 if there is no such command or nobody of that number.
    """

    async def command() -> Done:
        async with opened() as platform:
            return await readable(_done(platform, alert_id, word, by, fields or [], note, key))

    done = run_async(command())
    recorded = [event.envelope.type for event in done.own]
    if form is Format.JSON:
        emit({"alert_id": alert_id, "version": len(done.events), "events": recorded})
        return
    again = " (it was done before)" if done.replayed else ""
    say(f"done{again}: {', '.join(recorded)}")


async def _done(
    platform: Platform,
    alert_id: str,
    word: str,
    by: str,
    fields: list[str],
    note: str | None,
    key: str | None,
) -> Done:
    from services.casework.alerts import Alerts
    from services.casework.api import ALERT_COMMANDS
    from services.casework.customers import Customers
    from services.casework.executing import Streams
    from services.casework.ordering import CommandOn

    sent = command_of(ALERT_COMMANDS, word, fields, note)
    staff, reference = await staff_and_rules(platform, by)
    order = CommandOn(
        on=alert_id,
        command=cast("AlertCommand", sent.command),
        by=staff,
        key=key or str(uuid4()),
        personal=sent.personal,
    )
    streams = Streams(platform.streams, platform.vault, platform.clock)
    alerts = Alerts(platform.pool, streams, Customers(platform.log, platform.pool))
    answer = await alerts.execute(order, reference, platform.clock.now())
    return as_done(answer, "the customer")
