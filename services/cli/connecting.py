"""`touchstone feed` and `touchstone connect`: where documents of other systems come from."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from services.cli.opening import opened
from services.cli.opening import settings as platform_settings
from services.errors import UsageError
from services.terminal import Format, FormatOption, emit, progress, run_async, say
from services.wording import counted, cut, quoted

if TYPE_CHECKING:
    from services.connectors.document import Feed, Setting
    from services.connectors.report import DeliveryReport
    from services.platform import Platform

feed = typer.Typer(
    name="feed", no_args_is_help=True, help="Sources of other systems' documents, and secrets."
)
secret = typer.Typer(
    name="secret", no_args_is_help=True, help="What a feed's messages are signed with."
)
feed.add_typer(secret)
connect = typer.Typer(
    name="connect", no_args_is_help=True, help="Hand in documents of other systems."
)

NameArgument = Annotated[str, typer.Argument(metavar="FEED", help="The feed's name.")]
FeedOption = Annotated[str, typer.Option("--feed", metavar="FEED", help="The feed it is of.")]
FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="The documents.")]


def _by() -> str:
    from services.people.journal import COMMAND_LINE

    return COMMAND_LINE


@feed.command("add")
def add(
    name: NameArgument,
    format_name: Annotated[
        str,
        typer.Option(
            "--reads", metavar="FORMAT", help="What it sends; see `touchstone connect formats`."
        ),
    ],
    branch: Annotated[str, typer.Option(metavar="ID", help="The branch whose events it brings.")],
    zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of times without a zone. Default: the branch's."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Of amounts that name no currency.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the format; may be JSON."),
    ] = None,
) -> None:
    """Put a feed to use. Its name and branch are part of its events' ids: they never change."""

    async def work() -> None:
        from events.envelope import BranchId
        from services.casework.rulebook import Rulebook
        from services.connectors.document import Feed
        from services.connectors.feeds import Feeds

        async with opened() as platform:
            reference = await Rulebook(platform.pool).reference()
            made = Feed(
                name=name,
                format=format_name,
                branch=BranchId(branch),
                zone=zone or reference.zone_of(branch).key,
                currency=currency,
                settings=dict(_setting(one) for one in settings or []),
            )
            await Feeds(platform).add(made, _by())
            say(f"{made.name}: {made.format} of {made.branch}, {made.zone}")

    run_async(work())


def _setting(written: str) -> tuple[str, Setting]:
    name, equals, value = written.partition("=")
    if not equals:
        raise UsageError(f"{quoted(written)} is no NAME=VALUE")
    if value.startswith(("[", "{")) or value in ("true", "false"):
        try:
            parsed: Setting = msgspec.json.decode(value, type=bool | list[str] | dict[str, str])
        except msgspec.DecodeError as error:
            raise UsageError(f"--set {name}: {error}") from error
        return name, parsed
    return name, value


@feed.command("list")
def list_feeds(form: FormatOption = Format.TEXT) -> None:
    """List the feeds in use."""

    async def work() -> None:
        from services.connectors.feeds import Feeds

        async with opened() as platform:
            found = await Feeds(platform).all()
        if form is Format.JSON:
            emit(found)
            return
        for one in found:
            said = ", ".join(f"{name}={value}" for name, value in sorted(one.settings.items()))
            say(f"{one.name}  {one.format}  {one.branch}  {one.zone}  {said}".rstrip())

    run_async(work())


@feed.command("remove")
def remove(name: NameArgument) -> None:
    """Take a feed out of use; what it brought stays."""

    async def work() -> None:
        from services.connectors.feeds import Feeds

        async with opened() as platform:
            await Feeds(platform).remove(name, _by())
        say(f"{name} is out of use")

    run_async(work())


@secret.command("add")
def add_secret(name: NameArgument) -> None:
    """Keep a secret that is read from standard input; earlier ones go on to hold.

    It is sealed, and never shown again.
    """

    async def work() -> None:
        from services.connectors.feeds import Feeds

        if sys.stdin.isatty():
            text = typer.prompt("Secret", hide_input=True)
        else:
            text = sys.stdin.readline().rstrip("\r\n")
        async with opened() as platform:
            number = await Feeds(platform).add_secret(name, text, _by())
        say(f"{name}: secret {number} holds")

    run_async(work())


@secret.command("end")
def end_secret(
    name: NameArgument, number: Annotated[int, typer.Argument(help="Which one; see the journal.")]
) -> None:
    """Let a secret hold no more."""

    async def work() -> None:
        from services.connectors.feeds import Feeds

        async with opened() as platform:
            await Feeds(platform).end_secret(name, number, _by())
        say(f"{name}: secret {number} holds no more")

    run_async(work())


@connect.command("formats")
def formats(form: FormatOption = Format.TEXT) -> None:
    """List the formats that feeds may have, with their settings."""
    from services.connectors.registry import CONNECTORS

    if form is Format.JSON:
        emit([{"format": one.format, "title": str(one.title)} for one in CONNECTORS])
        return
    for one in CONNECTORS:
        fields = msgspec.structs.fields(one.settings)
        names = ", ".join(f"{f.encode_name}{'' if f.required else '?'}" for f in fields)
        say(f"{one.format}  {one.title}  ({names})" if names else f"{one.format}  {one.title}")


@connect.command("check")
def check(files: FilesArgument, feed: FeedOption, form: FormatOption = Format.TEXT) -> None:
    """Read documents and say what would become of every line; nothing is sent."""
    _deliver(files, feed, form, dry_run=True)


@connect.command("send")
def send(files: FilesArgument, feed: FeedOption, form: FormatOption = Format.TEXT) -> None:
    """Publish what documents say; sending one again is harmless.

    Exit code 0: all was taken; 1: something was refused; 2: a document cannot be
    used, and nothing of it was sent; 3: the platform is away.
    """
    _deliver(files, feed, form, dry_run=False)


@connect.command("listen")
def listen() -> None:
    """Keep the lines that feeds name, such as those to telephone exchanges.

    `touchstone run` starts it by itself. Several of it do no harm.
    """
    run_async(_listen())


async def _listen() -> None:
    from services.hosts.listen import listen_for_ever

    task = asyncio.create_task(listen_for_ever(platform_settings()))
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


@connect.command("lines")
def lines(form: FormatOption = Format.TEXT) -> None:
    """Say how the line to each exchange is, and how many calls were recorded."""

    async def work() -> None:
        from services.connectors.calls.lines import lines_of

        async with opened() as platform:
            found = await lines_of(platform.pool, platform.clock.now())
        if form is Format.JSON:
            emit(found)
            return
        for one in found:
            state = "up" if one.is_up else f"down: {one.reason or 'nobody listens'}"
            say(
                f"{one.feed}  {state}  silent for {one.silent_s:.0f} s  "
                f"{counted(one.recorded, 'call')} recorded, {one.incomplete} incomplete"
            )

    run_async(work())


def _deliver(files: list[Path], name: str, form: Format, *, dry_run: bool) -> None:
    async def work() -> list[DeliveryReport]:
        from services.connectors.feeds import Feeds

        async with opened() as platform:
            feed = await Feeds(platform).named(name)
            return [await _one(platform, path, feed, dry_run=dry_run) for path in files]

    reports = run_async(work())
    if form is Format.JSON:
        told = [one.told_to_programs() for one in reports]
        emit(told if len(told) > 1 else told[0])
    else:
        from services.web.languages import terminal_language, texts

        translated = texts(terminal_language()).gettext
        for report in reports:
            for line in report.text(translated):
                say(line)
    if not all(report.all_well for report in reports):
        raise typer.Exit(1)


async def _one(platform: Platform, path: Path, feed: Feed, *, dry_run: bool) -> DeliveryReport:
    from services.connectors.delivering import deliver
    from services.connectors.directory import Directories
    from services.connectors.transports.upload import document_of
    from services.importing.publisher import DryRun, LocalPublisher

    document = document_of(path, feed, platform.clock.now())
    publisher = (
        DryRun(feed.branch, platform.clock)
        if dry_run
        else LocalPublisher(platform.intake, feed.branch, platform.dsn)
    )
    with progress("lines") as bar:
        task = bar.add_task(cut(path.name), total=None)
        return await deliver(
            document,
            feed,
            Directories(platform).answers,
            publisher,
            dry_run=dry_run,
            tick=lambda done, lines: bar.update(task, completed=done, total=lines),
        )
