"""`make bench`: what an event costs, in processor time of the command and of PostgreSQL.

Rebuilding, catching up, verifying, digests, reports, trials and calibration, each by the command
that does it, over a simulated company; then what a new event costs a long dossier. Where native
parts are built, with them and without. `--against` holds all that against an earlier build, in
the same run on the same events. The last line is one line of JSON, of which
`python -m tests.bench.table` makes the tables in docs/performance.md.

    python -m tests.bench --against --only rebuild --customers 300 --rounds 1     # a quick look
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from services.native import choose
from services.walk.engine import cores
from tests.bench import dossiers
from tests.bench.builds import EARLIER, Build, BuildMissing, earlier_build, this_build
from tests.bench.contest import SMALLER, Differing, Sizes, contest, states_of
from tests.bench.databases import server
from tests.bench.figures import Figures, WorkFigures
from tests.bench.machine import Measurement
from tests.bench.processor import CommandFailed
from tests.bench.works import WORKS

DOSSIERS = "dossiers"

Say = Callable[[str], None]


def bench(
    customers: int,
    rounds: int,
    say: Say,
    *,
    against: str | None = None,
    only: Sequence[str] = (),
    lengths: Sequence[int] = dossiers.LENGTHS,
) -> None:
    """Measure, and say a line of JSON at the end. Raises: CommandFailed, Differing."""
    measurement = Measurement("events")
    say(measurement.beginning())
    left_out: dict[str, str] = {}
    works = [work for work in WORKS if not only or work.name in only]
    with ExitStack() as stack:
        sides = _sides(stack, against, left_out, say)
        postgres = stack.enter_context(server())
        states = states_of(works)
        builds, fewer = _folders(sides), max(1, customers // SMALLER)
        smaller = postgres.fill(builds, fewer, states - {"late"}, say)
        company = postgres.fill(builds, customers, states, say)
        if smaller.processes < cores():
            say(
                f"{fewer:,} customers keep {smaller.processes} of {cores()} cores busy: that more "
                "processes are started for more of them tells in the figures"
            )
        # A small one has few parts for processes, each of which costs its start: so both have.
        company = replace(company, processes=smaller.processes)
        sizes = Sizes(company, smaller)
        results = contest(postgres, sides, sizes, works, rounds, say)
        version = postgres.version()
    for work in results:
        _show(work, say)
    curve = None
    if not only or DOSSIERS in only:
        curve = dossiers.measured(lengths, rounds, say)
    figures = Figures(
        customers=customers,
        events=company.events,
        rounds=rounds,
        left_out=left_out,
        works=results,
        dossiers=curve,
    )
    say(measurement.line(figures, version))


def _sides(
    stack: ExitStack, against: str | None, left_out: dict[str, str], say: Say
) -> list[Build]:
    """Return who takes part; who cannot is left out by name, with the reason."""
    sides = [this_build(native=False)]
    parts = choose()
    if parts.parts:
        sides.append(this_build(native=True))
    else:
        state = "out of date" if parts.out_of_date else "not built"
        left_out["native parts"] = f"they are {state}: `make native` builds them"
    if against is not None:
        try:
            sides.insert(0, stack.enter_context(earlier_build(against, say)))
        except BuildMissing as missing:
            left_out[against] = str(missing)
    for name, reason in left_out.items():
        say(f"{name} is left out: {reason}")
    return sides


def _folders(sides: Sequence[Build]) -> list[Build]:
    """Return one side of each build: sides of one build share its databases."""
    return list({side.folder: side for side in sides}.values())


def _show(figures: WorkFigures, say: Say) -> None:
    say(f"{figures.work}, {figures.events:,} events:")
    for side in figures.sides:
        words = (
            f"  {side.side:20} {side.us_per_event:8.1f} us/event "
            f"({side.least_us} to {side.most_us}; command {side.client_us}, PostgreSQL "
            f"{side.postgres_us}), {side.events_per_s:,} events/s, {side.peak_mb} MB"
        )
        if side.ratio is not None:
            words += f"; {side.ratio} times as cheap ({side.least_ratio} to {side.most_ratio})"
        if side.target is not None:
            words += f", to reach {side.target}: {'reached' if side.reached else 'NOT reached'}"
        say(words)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=3000, help="size of the company")
    parser.add_argument("--rounds", type=int, help="the median counts; default: 3, or 5 against")
    parser.add_argument(
        "--against",
        nargs="?",
        const=EARLIER,
        metavar="COMMIT",
        help=f"hold it against the build of a commit, {EARLIER} if none is named",
    )
    parser.add_argument(
        "--only", nargs="+", default=(), choices=[*(work.name for work in WORKS), DOSSIERS]
    )
    given = parser.parse_args()
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.default_int_handler)  # ends the server, too
    rounds = given.rounds or (5 if given.against else 3)
    try:
        bench(
            given.customers,
            rounds,
            lambda words: print(words, flush=True),
            against=given.against,
            only=given.only,
        )
    except (CommandFailed, Differing) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
