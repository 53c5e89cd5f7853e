"""`python -m tests.bench.table FILE...`: makes the tables in docs/performance.md.

Each file holds what a bench printed; its last line is the one line of JSON. The section of that
bench is written anew, between its marks, with where, when and how it was measured; everything
around it is left as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.bench.machine import Line
from tests.bench.tables import console, events, kafka, large, rivals

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"

Renders = Callable[[msgspec.Raw], list[str]]

SECTIONS: Mapping[str, Renders] = {
    "console": console.rendered,
    "events": events.rendered,
    "kafka": kafka.rendered,
    "large": large.rendered,
    "rivals": rivals.rendered,
}


class NotMade(Exception):
    """A table cannot be made of what was given, and why."""


def marks(bench: str) -> tuple[str, str]:
    """Return the lines between which a bench's section lies."""
    return f"<!-- made by tests.bench.table: {bench} -->", f"<!-- end: {bench} -->"


def remade(page: str, line: Line) -> str:
    """Return the page with the section of the line's bench written anew. Raises: NotMade."""
    render = SECTIONS.get(line.bench)
    if render is None:
        raise NotMade(f"no section is made of bench {line.bench!r}: {', '.join(SECTIONS)}")
    first, last = marks(line.bench)
    before, found, rest = page.partition(f"{first}\n")
    _, ended, after = rest.partition(last)
    if not found or not ended:
        raise NotMade(f"the page has no section between {first} and {last}: add the two lines")
    body = "\n".join([printed(line), "", *render(line.figures)])
    return f"{before}{first}\n{body}\n{last}{after}"


def printed(line: Line) -> str:
    """Return the paragraph that says where, when and how a line was printed."""
    on = line.machine
    versions = f"{on.system}, Python {on.python}, native parts: {on.native}"
    if on.postgresql:
        versions += f", PostgreSQL {on.postgresql}"
    return (
        f"Printed on {line.date} at commit `{line.commit}` by `{line.command}` in "
        f"{line.seconds / 60:.0f} minutes, on {on.cores} cores of {on.cpu} with "
        f"{on.memory_gb:g} GB of memory ({versions}; load {line.load_before:g} before and "
        f"{line.load_after:g} after)."
    )


def last_line(text: str) -> Line:
    """Return the line of JSON with which a bench ended. Raises: NotMade."""
    lines: Sequence[str] = text.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=Line)
    except (IndexError, msgspec.MsgspecError) as error:
        raise NotMade(f"the last line is not a bench's line of JSON: {error}") from error


def main() -> None:
    """Write the sections anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.table", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what a bench printed")
    page = PAGE.read_text()
    try:
        for file in parser.parse_args().files:
            page = remade(page, last_line(file.read_text()))
    except NotMade as error:
        raise SystemExit(str(error)) from error
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
