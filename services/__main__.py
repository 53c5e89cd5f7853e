"""The command line: `touchstone`, or `python -m services`."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli import alerts as alert_commands
from services.cli import (
    audit,
    connecting,
    gateway,
    importing,
    kafka,
    projector,
    receipts,
    unassigned,
)
from services.cli import cases as casework
from services.cli import move as moving
from services.cli import operating as operators
from services.cli import people as users
from services.cli import rebuild as rebuilding
from services.cli.opening import settings
from services.cli.policies import app as policy
from services.cli.schemas import app as schemas
from services.cli.search import app as search
from services.cli.simulate import app as simulate
from services.errors import TouchstoneError
from services.hosts.doors import Door
from services.hosts.supervision import die_with_parent
from services.interruption import heed_signals
from services.standard_streams import open_what_is_closed
from services.telemetry import configure_logging
from services.terminal import note, run_async, say

app = typer.Typer(
    name="touchstone",
    help="One record of every customer touchpoint, and live views that can be proven.\n\n"
    "Start with `touchstone run --demo`, then open the address it prints. Exit codes: 0 done, "
    "1 refused or failed, 2 wrong usage, 3 something is away (try again), 4 a proof failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        say(f"touchstone {metadata.version('touchstone')}")
        raise typer.Exit


@app.callback()
def touchstone(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def run(
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Fill an empty log with a simulated company that lives on."),
    ] = False,
    customers: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Customers of the simulated company.")
    ] = 3000,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Live events a second of the simulation.")
    ] = 6.0,
) -> None:
    """Run the whole platform on this machine until Ctrl-C.

    Starts PostgreSQL (or uses TOUCHSTONE_DSN), brings it up to date, then runs
    gateway, projector and console, and prints the console's address. With
    TOUCHSTONE_KAFKA the event log lies there: an unused one's topics are created,
    and two workers project.
    """
    from services.hosts.run import run as run_everything

    run_async(run_everything(settings(), demo=demo, customers=customers, rate=rate))


@app.command()
def serve(
    door: Annotated[
        Door | None, typer.Argument(help="Only this one; default: both, a process each.")
    ] = None,
) -> None:
    """Serve gateway and console alone; `touchstone run` does this for you."""
    from services.hosts import serve as serving

    run_async(serving.serve_both(settings()) if door is None else serving.serve(settings(), door))


app.command("import")(importing.import_)
app.command()(importing.publish)
app.add_typer(importing.mappings, name="mappings")
app.add_typer(connecting.feed)
app.add_typer(connecting.connect)
app.add_typer(unassigned.app)
app.command()(projector.project)
app.command()(kafka.work)
app.add_typer(projector.parked)
app.command()(rebuilding.rebuild)
app.command()(audit.explain)
app.command()(audit.replay)
app.add_typer(audit.report)
app.command()(audit.digest)
app.command()(audit.verify)
app.command()(audit.status)
app.command()(operators.doctor)
app.command()(operators.upgrade)
app.command()(operators.retention)
app.command()(operators.quotas)
app.add_typer(policy)
app.add_typer(gateway.branch, name="branch")
app.add_typer(gateway.staff, name="staff")
app.add_typer(users.app, name="user")
app.add_typer(casework.app)
app.add_typer(alert_commands.app)
app.add_typer(gateway.quarantine, name="quarantine")
app.add_typer(receipts.receipt, name="receipt")
app.add_typer(kafka.topics, name="topics")
app.command()(moving.move)
app.add_typer(schemas, name="schemas")
app.add_typer(search)
app.add_typer(simulate)


def main() -> None:
    """Run a command; what the platform refuses is one line on standard error."""
    open_what_is_closed()
    heed_signals()
    die_with_parent()
    configure_logging()
    try:
        app()
    except TouchstoneError as error:
        note(f"touchstone: {error}")
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
