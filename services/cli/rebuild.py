"""The command that rebuilds projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from services.cli.opening import opened, settings
from services.terminal import Format, FormatOption, emit, progress, run_async, say
from services.wording import counted

if TYPE_CHECKING:
    from services.rebuild.rebuilding import Rebuilt


def rebuild(
    projections: Annotated[
        list[str] | None, typer.Argument(help="Such as receivables; none: all of them.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that walk. Default: all cores.")
    ] = None,
    drop_old: Annotated[
        bool,
        typer.Option(
            "--drop-old",
            help="Only drop the rows of versions older than the live one. Do it once every "
            "process runs the new program.",
        ),
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Rebuild projections from the events, beside the live rows, and switch.

    For new versions, before the services are started anew with them; or for the
    same version, to mend damaged rows. Several are rebuilt by one walk over the
    events. Everything goes on meanwhile; nothing is told twice. Killed at any
    moment, the same command goes on or starts over.
    """
    names = projections or []
    if drop_old:
        run_async(_drop_old(names, format_))
    else:
        run_async(_rebuild(names, processes, format_))


async def _drop_old(names: Sequence[str], format_: Format) -> None:
    from services.rebuild.builds import named
    from services.rebuild.rebuilding import drop_retired

    async with opened() as platform:
        found = [
            {"projection": one.name, "dropped": await drop_retired(platform, one)}
            for one in named(names)
        ]
    if format_ is Format.JSON:
        _emit(names, found)
        return
    dropped = [table for one in found for table in one["dropped"]]
    say(f"dropped: {', '.join(dropped) or 'nothing, there is no older version'}")


def _emit(names: Sequence[str], found: Sequence[object]) -> None:
    """Give programs one document: of a projection that was named alone, what became of it."""
    emit(found[0] if len(names) == len(found) == 1 else {"projections": found})


class _Shown:
    """Shows stages, and of the walk its parts."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("walking", total=None)

    def stage(self, words: str) -> None:
        """Show that another stage begins."""
        self._bar.remove_task(self._task)  # rich cannot take a total back
        self._task = self._bar.add_task(words, total=None)

    def parts(self, done: int, of: int) -> None:
        """Show the parts of the walk that are done."""
        self._bar.update(self._task, completed=done, total=of)


async def _rebuild(names: Sequence[str], processes: int | None, format_: Format) -> None:
    from services.rebuild.builds import named
    from services.rebuild.rebuilding import rebuild as rebuild_projections
    from services.walk.engine import cores

    chosen = settings()
    async with opened() as platform:
        with progress("parts") as bar:
            found = await rebuild_projections(
                platform,
                named(names),
                processes=processes or cores(),
                watch=_Shown(bar),
                disk=chosen.data if chosen.dsn is None else None,
            )
    if format_ is Format.JSON:
        _emit(names, found)
        return
    for line in walked_lines(found[0]):
        say(line)
    for one in found:
        for line in rebuilt_lines(one):
            say(line)


def walked_lines(found: Rebuilt) -> list[str]:
    """Return for people what the walk did, which is the same for all that it was for."""
    went_on = f", {found.parts_done_before} of them before" if found.parts_done_before else ""
    return [
        f"walked: {counted(found.customers, 'customer')}, "
        f"{counted(found.events, 'event')} in {found.walk_s:.1f} s "
        f"({found.events_per_s:,}/s, {counted(found.processes, 'process', 'processes')}, "
        f"{counted(found.parts, 'part')}{went_on}), indexed in {found.index_s:.1f} s"
    ]


def _instead(found: Rebuilt) -> str:
    if found.version != found.version_before:
        return f" instead of version {found.version_before}"
    if found.rows_replaced or found.rows_removed:
        return ", mended"
    return ", as it was: every row was right"


def rebuilt_lines(found: Rebuilt) -> list[str]:
    """Return for people what became of one projection."""
    again = found.version == found.version_before
    lines = [
        f"{found.projection} version {found.version} is live{_instead(found)}",
        f"caught up with {counted(found.caught_up_events, 'event')} in {found.catch_up_s:.1f} s; "
        f"switched in {found.switch_s:.2f} s; on disk: {found.bytes_on_disk / 1e6:,.1f} MB",
        f"alerts: {found.alerts_raised:,} raised, {found.alerts_withdrawn:,} withdrawn, "
        f"{found.alerts_restated:,} with another amount",
    ]
    if again:
        lines.append(f"rows: {found.rows_replaced:,} mended, {found.rows_removed:,} removed")
    else:
        lines.append(
            "start the services anew with this program; then drop the old rows with "
            f"`touchstone rebuild {found.projection} --drop-old`"
        )
    if found.parked:
        lines.append(
            f"{counted(found.parked, 'customer is', 'customers are')} parked: see "
            "`touchstone parked list`"
        )
    return lines
