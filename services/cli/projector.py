"""Commands of the projector: run it, and look after what is parked."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Annotated

import typer

from services.cli.opening import opened, settings
from services.errors import UsageError
from services.terminal import Format, FormatOption, emit, run_async, say
from services.wording import counted

parked = typer.Typer(
    name="parked",
    help="Customers whose events could not be projected, and cases that could not be opened or "
    "escalated.\n\n"
    "Each is parked with the reason while everything else goes on. After the cause is mended, "
    "`touchstone parked retry` takes it in again.",
    no_args_is_help=True,
)


def project(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when everything recorded so far is taken in.")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Project: take events in and keep rows, alerts and totals up to date.

    One process projects at a time; another one stands by and takes over. With
    --once the result is how many events were taken in.
    """
    run_async(_project(once, format_))


async def _project(once: bool, format_: Format) -> None:
    from services.hosts.project import Projector, project_for_ever

    if settings().kafka is not None:
        raise UsageError("the log is in Kafka (TOUCHSTONE_KAFKA): `touchstone work` projects it")
    if not once:
        task = asyncio.create_task(project_for_ever(settings()))
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return
    async with opened() as platform:
        taken = await Projector(platform).catch_up()
    if format_ is Format.JSON:
        emit({"events": taken})
    else:
        say(f"{counted(taken, 'event')} taken in")


@parked.command("list")
def list_parked(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    format_: FormatOption = Format.TEXT,
) -> None:
    """List what is parked with the reason and the event that stopped it."""
    run_async(_list(limit, format_))


async def _list(limit: int, format_: Format) -> None:
    from services.postgres.pool import translated
    from services.postgres.statements import sql

    async with opened() as platform:
        with translated():
            rows = await platform.pool.fetch(sql("list_parked"), limit)
    if format_ is Format.JSON:
        emit([dict(row.items()) for row in rows])
        return
    if not rows:
        say("nothing is parked")
    for row in rows:
        case = f"case {row['case_id']}" if row["case_id"] else "its dossier"
        whose = row["customer_id"] or "nobody"
        at = row["parked_event_id"] or case
        say(f"{whose}  {row['projection']}  {row['parked_reason']}  (at {at})")


@parked.command()
def retry(
    customer: Annotated[
        str | None, typer.Argument(help="Only this customer; default: all that are parked.")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Have parked customers taken in again, and their parked cases opened and escalated.

    Exit code 2 if the customer named is not parked.
    """
    run_async(_retry(customer, format_))


async def _retry(customer: str | None, format_: Format) -> None:
    from services.postgres.pool import translated
    from services.postgres.statements import sql

    async with opened() as platform:
        with translated():
            rows = await platform.pool.fetch(sql("retry_parked"), customer)
    if customer is not None and not rows:
        raise UsageError(f"{customer!r} is not parked; see `touchstone parked list`")
    if format_ is Format.JSON:
        emit([dict(row.items()) for row in rows])
        return
    say(f"{len(rows)} asked for; `touchstone parked list` shows what stays parked")
