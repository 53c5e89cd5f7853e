"""`make bench-console`: what the console's viewers wait for, over a million customers.

A company is invented, projected by each build with its own code, and multiplied in its database
until it has as many customers as are asked for. Then, side by side with an earlier build that
serves the same company, viewers keep the overview open and ask for every page while events flow
in, in rounds that change the order of the sides. Beside the clock stands the processor time of each
page, which neighbours on the machine disturb less. The last line is one line of JSON.

    python -m tests.bench.console --customers 20000 --rounds 2     # a closer look in minutes
    python -m tests.bench.console --quick                          # whether it runs
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median

import msgspec

from services.native import choose
from services.walk.engine import cores
from tests.bench.builds import EARLIER, Build, BuildMissing, earlier_build, this_build
from tests.bench.console.asking import NotServed, Viewer
from tests.bench.console.cold import Cold, cold
from tests.bench.console.company import Laid, events_changeable, lay_in
from tests.bench.console.figures import (
    QUICK,
    Figures,
    Options,
    PageFigures,
    Times,
    Waited,
    judged,
)
from tests.bench.console.loaded import (
    Round,
    cpu_ms,
    memory_per_viewer_mb,
    p50_p95_ms,
    under_load,
)
from tests.bench.console.pages import Asked, LookedFor, asked, sample, searches
from tests.bench.console.sides import EARLIER as EARLIER_SIDE
from tests.bench.console.sides import THIS, Side, served
from tests.bench.databases import Server, server
from tests.bench.machine import Measurement
from tests.bench.processor import CommandFailed, run

Say = Callable[[str], None]


def bench(options: Options, say: Say, against: str | None = EARLIER) -> Figures:
    """Measure, and say a line of JSON. Raises: CommandFailed, NotServed."""
    measurement = Measurement("console")
    say(measurement.beginning())
    left_out: dict[str, str] = {}
    with ExitStack() as stack:
        builds = [this_build(native=bool(choose().parts))]
        if against is not None:
            try:
                builds.insert(0, stack.enter_context(earlier_build(against, say)))
            except BuildMissing as why:
                left_out[against] = str(why)
        postgres = stack.enter_context(server())
        postgres.fill(builds, options.base, {"live"}, say)
        laid = asyncio.run(_lay_in(postgres, builds, options, say))
        looked_for = _found_by_name(postgres, builds[-1], options, say)
        sides = [
            stack.enter_context(
                served(build, _name(build), _dsn(postgres, build, options), postgres.data)
            )
            for build in builds
        ]
        figures = asyncio.run(
            _measured(postgres, sides, laid[-1], looked_for, options, left_out, say)
        )
        version = postgres.version()
    figures = judged(msgspec.structs.replace(figures, cores=measurement.machine.cores), THIS)
    _tell(figures, say)
    say(measurement.line(figures, version))
    return figures


def _name(build: Build) -> str:
    return EARLIER_SIDE if build.earlier else THIS


def _dsn(postgres: Server, build: Build, options: Options) -> str:
    return postgres.dsn_of_state(build, options.base, "live")


async def _lay_in(
    postgres: Server, builds: Sequence[Build], options: Options, say: Say
) -> list[Laid]:
    """Lay in each build's customers, at the same time: a database is filled by one process."""
    say(f"laying in {options.customers:,} customers for {' and '.join(b.name for b in builds)}")
    dsns = [_dsn(postgres, build, options) for build in builds]
    return await asyncio.gather(
        *(lay_in(dsn, options.customers, options.with_events) for dsn in dsns)
    )


def _found_by_name(postgres: Server, build: Build, options: Options, say: Say) -> LookedFor:
    """Let customers have names and be found by them; return one of them."""
    dsn = _dsn(postgres, build, options)
    environment = build.environment(postgres.data, dsn)

    def seal(part: int) -> str:
        words = (str(part), str(cores()))
        _, told = run(build.driver("seal_names", *words), environment, str(build.folder))
        return told

    async def sealed() -> list[str]:
        async with events_changeable(dsn):
            parts = (asyncio.to_thread(seal, part) for part in range(cores()))
            return await asyncio.gather(*parts)

    say("sealing their names")
    told = asyncio.run(sealed())
    say("writing the search index")
    run(build.touchstone("search", "rebuild"), environment, str(build.folder))
    found = [msgspec.json.decode(one, type=LookedFor) for one in told]
    return next((one for one in found if one.name), found[0])


async def _measured(
    postgres: Server,
    sides: Sequence[Side],
    laid: Laid,
    looked_for: LookedFor,
    options: Options,
    left_out: dict[str, str],
    say: Say,
) -> Figures:
    this = sides[-1]
    every = asked(await sample(this.dsn), this.served) + searches(looked_for)
    every = await _answered(this, every, left_out)
    asks = {side.name: [a for a in every if a.both or side.name == THIS] for side in sides}
    memory = {
        side.name: round(await memory_per_viewer_mb(side, options.viewers), 3) for side in sides
    }
    rounds: dict[str, list[Round]] = {side.name: [] for side in sides}
    cpu: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    loads = []
    for nth in range(options.rounds):
        loads.append(round(os.getloadavg()[0], 1))
        say(f"round {nth + 1} of {options.rounds}, load {loads[-1]}")
        for side in sides if nth % 2 == 0 else reversed(sides):
            rounds[side.name].append(await under_load(side, asks[side.name], options, nth))
            spent = await cpu_ms(side, postgres.pid, asks[side.name], options.per_page)
            cpu[side.name].append(spent)
    return Figures(
        options=options,
        customers=laid.customers,
        rows=laid.rows,
        events=laid.events,
        loads=loads,
        pages=[_page(one, rounds, cpu) for one in every],
        waited=_waited([wait for one in rounds[THIS] for wait in one.waited]),
        cold=await _cold(sides, options, left_out),
        mb_per_viewer=memory,
        left_out=left_out,
    )


async def _answered(this: Side, every: Sequence[Asked], left_out: dict[str, str]) -> list[Asked]:
    """Return what this build answers with a page; what needs somebody logged in is said."""
    viewer, found = Viewer(this.port), []
    for one in every:
        page = await viewer.page(one.path)
        if page.status < 400:
            found.append(one)
        else:
            left_out[one.path] = f"answers {page.status} to whoever is not logged in"
    viewer.leave()
    return found


async def _cold(
    sides: Sequence[Side], options: Options, left_out: dict[str, str]
) -> dict[str, Cold]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        left_out["cold"] = "no Chromium here"
        return {}
    return {side.name: await cold(side.port, chromium, options.visits) for side in sides}


def _page(
    one: Asked, rounds: dict[str, list[Round]], cpu: dict[str, list[dict[str, float]]]
) -> PageFigures:
    of = {
        name: [p50_p95_ms(each.pages[one.name]) for each in some]
        for name, some in rounds.items()
        if some and one.name in some[0].pages
    }
    spent = {name: median(each[one.name] for each in cpu[name]) for name in of}
    sides = {
        name: _times(each, spent[name], rounds[name][-1].sizes[one.name] / 1e3)
        for name, each in of.items()
    }
    bare = [each.bare[one.name] for each in rounds[THIS] if each.bare.get(one.name)]
    found = PageFigures(
        name=one.name,
        path=one.path,
        sides=sides,
        bare=_times([p50_p95_ms(each) for each in bare]) if bare else None,
    )
    if EARLIER_SIDE not in of:
        return found
    pairs = list(zip(of[THIS], of[EARLIER_SIDE], strict=True))
    ratios = [ours[1] / theirs[1] for ours, theirs in pairs]
    return msgspec.structs.replace(
        found,
        ratio_p50=round(median(ours[0] / theirs[0] for ours, theirs in pairs), 2),
        ratio_p95=round(median(ratios), 2),
        least_ratio=round(min(ratios), 2),
        most_ratio=round(max(ratios), 2),
        ratio_cpu=round(spent[THIS] / spent[EARLIER_SIDE], 2) if spent[EARLIER_SIDE] else None,
    )


def _times(
    each: Sequence[tuple[float, float]], cpu: float | None = None, kb: float | None = None
) -> Times:
    late = [p95 for _, p95 in each]
    return Times(
        p50=round(median(p50 for p50, _ in each), 2),
        p95=round(median(late), 2),
        least_p95=round(min(late), 2),
        most_p95=round(max(late), 2),
        cpu_ms=cpu,
        kb=None if kb is None else round(kb, 1),
    )


def _waited(waits: Sequence[float]) -> Waited | None:
    if len(waits) < 2:
        return None
    ranked = sorted(waits)
    return Waited(
        events=len(ranked),
        p50=round(ranked[len(ranked) // 2], 3),
        p99=round(ranked[len(ranked) * 99 // 100], 3),
    )


def _tell(figures: Figures, say: Say) -> None:
    for page in figures.pages:
        told = [
            f"{name} {one.p50:.1f}/{one.p95:.1f} ms, {one.cpu_ms} ms of processors"
            for name, one in page.sides.items()
        ]
        if page.bare is not None:
            told.append(f"bare {page.bare.p50:.1f}/{page.bare.p95:.1f} ms")
        if page.ratio_p95 is not None:
            told.append(f"ratio {page.ratio_p50}/{page.ratio_p95}, processors {page.ratio_cpu}")
        say(f"{page.name:28} {'; '.join(told)}")
    if figures.waited is not None:
        waited = figures.waited
        say(f"{waited.events:,} events on an open page: p50 {waited.p50} s, p99 {waited.p99} s")
    for name, one in figures.cold.items():
        say(f"cold, {name}: first paint {one.first_paint_ms} ms, {one.kb} kB")
    for name, mb in figures.mb_per_viewer.items():
        say(f"each viewer, {name}: {mb} MB")
    for target in figures.targets:
        worst = f"worst {target.worst}, {target.result}"
        say(f"{target.name}, {target.goal:g} by {target.by}: {worst} {', '.join(target.missed)}")
    if max(figures.loads, default=0.0) > figures.cores:
        say(f"load {figures.loads} on {figures.cores} cores: what the clock says is others' too")
    for what, why in figures.left_out.items():
        say(f"left out: {what}: {why}")


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="make bench-console", description=__doc__)
    for field in msgspec.structs.fields(Options):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type)
    parser.add_argument("--quick", action="store_true", help="see in a minute whether it runs")
    parser.add_argument("--alone", action="store_true", help="without the earlier build")
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.default_int_handler)  # ends the server, too
    given = vars(parser.parse_args())
    options, alone = QUICK if given.pop("quick") else Options(), given.pop("alone")
    named = {name: value for name, value in given.items() if value is not None}
    options = msgspec.structs.replace(options, **named)
    try:
        bench(options, partial(print, flush=True), None if alone else EARLIER)
    except (CommandFailed, NotServed) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
