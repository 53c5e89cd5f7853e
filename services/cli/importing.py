"""`touchstone import`, `publish` and `mappings`: files in, answers out."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from events.texts import worded
from services.cli.opening import opened, settings
from services.clock import SystemClock
from services.errors import TouchstoneError, Unavailable, UsageError
from services.intake.characters import is_branch_id
from services.terminal import Format, FormatOption, emit, note, progress, run_async, say
from services.wording import counted, cut

if TYPE_CHECKING:
    from events.envelope import PositionVector
    from services.importing.compiling import CompiledMapping, MadeEvent, RowRefused
    from services.importing.importer import Job
    from services.importing.publisher import Publisher
    from services.importing.report import Report
    from services.importing.rows import Scan
    from services.platform import Platform

mappings = typer.Typer(
    name="mappings",
    no_args_is_help=True,
    help="How files of other systems become touchpoints: list, show and check mappings.",
)

MappingOption = Annotated[
    str,
    typer.Option(
        metavar="NAME|PATH",
        help="A shipped mapping (see `touchstone mappings list`) or the path of a .toml file.",
    ),
]
BranchOption = Annotated[
    str,
    typer.Option(
        envvar="TOUCHSTONE_BRANCH", metavar="ID", help="The branch that hands the file in."
    ),
]
GatewayOption = Annotated[
    str | None,
    typer.Option(
        envvar="TOUCHSTONE_GATEWAY",
        metavar="URL",
        help="Send over HTTP to this gateway. Default: straight into this machine's platform.",
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        envvar="TOUCHSTONE_KEY",
        metavar="KEY",
        help="The branch's key for the gateway (`touchstone branch key create`).",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Also write the report to a file, as JSON."),
]

DEFAULT_BRANCH = "headquarters"

_IN_THE_CLEAR = worded(
    "warning: over http:// the key and the events can be read by whoever carries them to another "
    "machine; give an https address, or a tunnel that ends on this machine"
)


def import_(
    file: Annotated[Path, typer.Argument(help="A CSV, JSON lines or Parquet export.")],
    mapping: MappingOption,
    branch: BranchOption = DEFAULT_BRANCH,
    gateway: GatewayOption = None,
    key: KeyOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, send nothing.")
    ] = False,
    report_file: ReportOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Import a file of another system by a mapping; a second import changes nothing.

    An interrupted import goes on where it was when the same command is given
    again. Exit code 0: everything was taken; 1: some rows were refused, the
    report says which and why; 2: the file or the mapping cannot be used; 3: the
    platform is away.
    """
    from services.importing.compiling import load_mapping
    from services.importing.importer import Job

    check_branch(branch)
    job = Job(path=file, mapping=load_mapping(mapping), branch=branch, dry_run=dry_run)
    _answer(run_async(_import(job, gateway, key)), report_file, format_)


def publish(
    file: Annotated[
        Path, typer.Argument(help="CloudEvents as JSON, one per line; - reads standard input.")
    ],
    branch: BranchOption = DEFAULT_BRANCH,
    gateway: GatewayOption = None,
    key: KeyOption = None,
    report_file: ReportOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Publish events that are already in shape, one JSON object per line.

    Every line gets its answer: accepted, duplicate, or refused with field, reason
    and remedy. Policies and reference data are published like this too. Exit
    codes as for `import`.
    """
    check_branch(branch)
    _answer(run_async(_publish(file, branch, gateway, key)), report_file, format_)


def check_branch(branch: str) -> None:
    """Let the id of a branch pass, known or new. Raises: UsageError."""
    if not is_branch_id(branch):
        raise UsageError(
            f"--branch: {branch!r} is no branch id: 1 to 60 characters without spaces, slashes and "
            "characters that nobody sees"
        )


async def _import(job: Job, gateway: str | None, key: str | None) -> Report:
    from services.importing.publisher import DryRun
    from services.importing.rows import scan

    found = scan(job.path, job.mapping)  # before a platform is started for nothing
    if job.dry_run:
        return await _import_with(job, found, DryRun(job.branch, SystemClock()), None)
    async with _publisher(job.branch, gateway, key) as publisher:
        return await _import_with(job, found, publisher, settings().data)


async def _import_with(job: Job, found: Scan, publisher: Publisher, home: Path | None) -> Report:
    from services.importing.importer import import_file

    with progress("rows") as bar:
        task = bar.add_task(cut(job.path.name), total=found.rows)
        return await import_file(
            job, publisher, home, lambda done, _: bar.update(task, completed=done), found
        )


async def _publish(file: Path, branch: str, gateway: str | None, key: str | None) -> Report:
    from services.importing.publishing import publish_file, publish_lines

    async with _publisher(branch, gateway, key) as publisher:
        with progress("lines") as bar:
            task = bar.add_task(cut(file.name), total=None)
            tick = lambda done: bar.update(task, completed=done)  # noqa: E731
            if str(file) == "-":
                return await publish_lines(
                    sys.stdin.buffer, "standard input", branch, publisher, tick
                )
            return await publish_file(file, branch, publisher, tick)


@asynccontextmanager
async def _publisher(branch: str, gateway: str | None, key: str | None) -> AsyncIterator[Publisher]:
    """Yield the publisher that the options ask for. Raises: UsageError, Unavailable."""
    from services.importing.http_publisher import open_http_publisher, sends_in_the_clear
    from services.importing.publisher import LocalPublisher
    from services.web.languages import terminal_language, told

    if gateway is None:
        if key is not None:
            raise UsageError("--key goes with --gateway: without it nothing is sent over HTTP")
        async with opened() as platform:
            before = await platform.log.heads()
            yield LocalPublisher(platform.intake, branch, platform.dsn)
            # What was taken is taken, also where the database is away when this is asked.
            with suppress(Unavailable):
                await _warn_if_nothing_projects(platform, before)
        return
    if key is None:
        raise UsageError(
            "--gateway needs --key (or TOUCHSTONE_KEY): `touchstone branch key create`"
        )
    async with open_http_publisher(gateway, key) as publisher:
        if sends_in_the_clear(gateway):
            note(told(_IN_THE_CLEAR, terminal_language()))
        yield publisher


async def _warn_if_nothing_projects(platform: Platform, before: PositionVector) -> None:
    from services.hosts.project import somebody_projects

    if settings().kafka is not None or await platform.log.heads() == before:
        return
    if not await somebody_projects(platform):
        note(
            "nothing projects these events yet: figures show them once `touchstone run` is up; "
            "start it, unless it is starting just now"
        )


def _answer(report: Report, report_file: Path | None, form: Format) -> None:
    """Print the report, write it where it was asked for, and exit by what it says."""
    if form is Format.JSON:
        emit(report)
    else:
        for line in report.text():
            say(line)
    if report_file is not None:  # after it is printed: what was done is told in any case
        try:
            encoded = msgspec.json.encode(report, enc_hook=str)
            report_file.write_bytes(msgspec.json.format(encoded, indent=2))
        except OSError as error:
            raise TouchstoneError(
                f"cannot write {report_file}: {error.strerror}; the report is printed above, and "
                "what was taken is taken"
            ) from error
    if not report.all_well:
        raise typer.Exit(1)


@mappings.command("list")
def list_mappings(format_: FormatOption = Format.TEXT) -> None:
    """List the mappings that are part of the product."""
    from services.importing.compiling import load_mapping
    from services.importing.mapping import shipped_mappings

    shipped = [load_mapping(name) for name in shipped_mappings()]
    if format_ is Format.JSON:
        emit([{"name": m.name, "title": m.title, "columns": m.columns} for m in shipped])
        return
    for mapping in shipped:
        say(f"{mapping.name}  {mapping.title}")


@mappings.command("show")
def show_mapping(name: Annotated[str, typer.Argument(help="Name or path of a mapping.")]) -> None:
    """Print a mapping's text: a good start for one of your own."""
    from services.importing.compiling import compile_text
    from services.importing.mapping import find_mapping

    text = find_mapping(name)
    compile_text(text, name)
    say(text.rstrip("\n"))


@mappings.command("check")
def check_mapping(
    file: Annotated[Path, typer.Argument(help="The file that the mapping is for.")],
    mapping: MappingOption,
    branch: BranchOption = DEFAULT_BRANCH,
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 3,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Check a mapping against a file and show what its first rows give; nothing is sent.

    Instants are in UTC, as events hold them.
    Exit code 1: some of these rows were refused.
    """
    from services.importing.compiling import MadeEvent, RowRefused, load_mapping
    from services.importing.importer import Job, preview
    from services.importing.publisher import DryRun
    from services.importing.rows import scan

    check_branch(branch)
    compiled = load_mapping(mapping)
    found = scan(file, compiled)
    rows_found = counted(found.rows, "row")
    note(f"{cut(str(file), 200)}: {rows_found}, readable to the end; {_described(compiled)}")
    job = Job(path=file, mapping=compiled, branch=branch, dry_run=True)
    shown = run_async(preview(job, rows, DryRun(branch, SystemClock())))
    made = [one for one in shown if isinstance(one, MadeEvent)]
    refused = [one for one in shown if isinstance(one, RowRefused)]
    if format_ is Format.JSON:
        emit({"rows": found.rows, "made": made, "refused": refused})
    else:
        for one in shown:
            say(_line(one))
    if refused:
        raise typer.Exit(1)


def _line(shown: MadeEvent | RowRefused) -> str:
    from services.importing.compiling import MadeEvent

    if isinstance(shown, MadeEvent):
        event = msgspec.json.encode(shown.event).decode()
        return f"line {shown.line}, {shown.block}: {event}"
    column = f", column {cut(shown.column)!r}" if shown.column else ""
    return f"line {shown.line}, {shown.block or 'row'}{column}: {shown.reason} - {shown.remedy}"


def _described(mapping: CompiledMapping) -> str:
    blocks = ", ".join(f"{block.name} ({block.type})" for block in mapping.blocks)
    return f"{mapping.name} gives {blocks}"
