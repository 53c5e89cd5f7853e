"""The command that writes the search index anew."""

from __future__ import annotations

import typer

from services.cli.opening import opened
from services.terminal import Format, FormatOption, emit, progress, run_async, say
from services.wording import counted

app = typer.Typer(name="search", help="The index by which the console finds customers.")


@app.callback()
def search() -> None:
    """Group the commands about the index."""


@app.command()
def rebuild(format_: FormatOption = Format.TEXT) -> None:
    """Write the index anew from the events, while it goes on answering.

    The projector keeps it up to date by itself; do this after a new version says
    so, or to take in a large log faster than by following it.
    """
    run_async(_rebuild(format_))


async def _rebuild(format_: Format) -> None:
    from services.search.rebuild import rebuild_index

    async with opened() as platform:
        with progress("customers") as bar:
            task = bar.add_task("writing", total=None)
            found = await rebuild_index(platform, lambda done: bar.advance(task, done))
    if format_ is Format.JSON:
        emit(found)
        return
    say(
        f"the search index holds {counted(found.customers, 'customer')}, "
        f"by {counted(found.events, 'event')}"
    )
