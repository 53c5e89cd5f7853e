"""`touchstone move`: take the event log from PostgreSQL to Kafka, or back."""

from __future__ import annotations

from typing import Annotated

import typer

from services import terminal
from services.cli.opening import settings
from services.errors import UsageError
from services.move.keeper import Keeper
from services.terminal import Format, FormatOption
from services.wording import counted


def move(
    to: Annotated[Keeper, typer.Option("--to", help="kafka, or embedded: back into PostgreSQL.")],
    without_topics: Annotated[
        bool,
        typer.Option(
            "--without-topics",
            help="Back from topics that are lost: go on with the events table alone. Refuses if "
            "an acknowledged event is not in it.",
        ),
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Move the event log from PostgreSQL to Kafka, or back. Nothing is lost or counted twice.

    Set TOUCHSTONE_KAFKA to the brokers, in both directions. The platform may go
    on meanwhile; only at the end appends wait, for a second or so. Then what
    still runs on the old log refuses to work: end it and start it again, with
    TOUCHSTONE_KAFKA after a move to Kafka and without it after a move back.

    Ids, order and record times stay, so digests are the same before and after,
    tokens that were given out stay valid, and what is published again is a
    duplicate. The log's next generation begins: `touchstone verify` compares it
    with the events table, event by event.

    May be killed and repeated at any time: until it says so, nothing has moved. A
    copy that was not finished is deleted and begun again. Topics that the log has
    left stay as they are.
    """
    from services.move.moving import move_log

    if without_topics and to is Keeper.KAFKA:
        raise UsageError("--without-topics is for a move back: --to embedded")
    done = terminal.run_async(move_log(settings(), to, without_topics=without_topics))
    if format_ is Format.JSON:
        terminal.emit(done)
        return
    keeper = "Kafka" if done.log == Keeper.KAFKA else "PostgreSQL"
    if not done.moved:
        terminal.say(f"{keeper} keeps the event log already: generation {done.generation}")
        return
    variable = "set" if done.log == Keeper.KAFKA else "not set"
    terminal.say(
        f"{keeper} keeps the event log now: {counted(done.events, 'event')}, "
        f"generation {done.generation}"
    )
    terminal.say(
        f"Start everything again with TOUCHSTONE_KAFKA {variable}; then `touchstone verify`."
    )
