"""`touchstone policy`: publish rules, try them before, and see which are in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.importing import DEFAULT_BRANCH, check_branch
from services.cli.opening import opened
from services.errors import UsageError
from services.policies.kinds import KINDS
from services.terminal import (
    Format,
    FormatOption,
    asked_of,
    day_of,
    emit,
    instant_of,
    progress,
    run_async,
    say,
)
from services.wording import nearest

if TYPE_CHECKING:
    from events.home import Asked
    from events.policy import Reference
    from services.platform import Platform
    from services.policies.trial import Trial

app = typer.Typer(
    name="policy",
    help="Rules that the company publishes: thresholds, rates, tiers, service levels.\n\n"
    "A policy is an event: it counts from its instant on, is never edited, and a later version "
    "follows it. `try` shows what one would change before anybody publishes it. Kinds: "
    f"{', '.join(KINDS)}.",
    no_args_is_help=True,
)
_calibrate = typer.Typer(
    name="calibrate", help="Draw lines from the customers' own figures.", no_args_is_help=True
)
app.add_typer(_calibrate)

Target = Annotated[
    str,
    typer.Argument(
        metavar="FILE|KIND",
        help="A .toml or .json file with kind, policy and perhaps effective_from; or a kind, "
        "which begins with the version in force.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help='Change a field: 30, "50.00 CNY", "1,31,61" or JSON, in the unit that '
        "`touchstone policy list` shows. May be given often.",
    ),
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--effective-from",
        metavar="DAY|INSTANT",
        help="From when it counts; a day means its beginning. May lie in the past. Default: now.",
    ),
]
BranchOption = Annotated[
    str, typer.Option(envvar="TOUCHSTONE_BRANCH", metavar="ID", help="The office that publishes.")
]


async def _reference(platform: Platform) -> Reference:
    from services.walk.by_customer import picture

    async with picture(platform) as seen:
        return await seen.reference()


def _print(form: Format, document: object, lines: Iterable[str]) -> None:
    if form is Format.JSON:
        emit(document)
        return
    for line in lines:
        say(line)


@app.command()
def publish(
    target: Target,
    changes: SetOption = None,
    effective_from: StartOption = None,
    event_id: Annotated[
        str | None, typer.Option("--id", metavar="UUID", help="Default: derived from the content.")
    ] = None,
    branch: BranchOption = DEFAULT_BRANCH,
    form: FormatOption = Format.TEXT,
) -> None:
    """Publish a policy. The same one from the same instant again changes nothing.

    Rows made under older rules are assessed again by the projector; `touchstone
    status` shows how many are left. Exit code 1 if the gateway refuses it.
    """
    from services.policies.candidate import candidate, given
    from services.policies.publishing import publish_policy
    from services.policies.texts import published_lines

    check_branch(branch)
    meant = given(target)

    async def work() -> None:
        async with opened() as platform:
            reference = await _reference(platform)
            now = platform.clock.now()
            policy = candidate(meant, changes or (), effective_from, now, reference)
            found = await publish_policy(platform, policy, branch, event_id)
        _print(form, found, published_lines(found, policy, reference.zone_of(None)))

    run_async(work())


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Argument(help="Only this kind.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DAY|INSTANT", help="What is in force then. Default: now."),
    ] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """List the versions of every policy: past, in force and to come.

    Each number has its unit; 100 basis points are one percent.
    """
    from services.policies.listing import versions
    from services.policies.texts import version_lines

    if kind is not None and kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of policy{nearest(kind, KINDS)}")

    async def work() -> None:
        async with opened() as platform:
            reference = await _reference(platform)
            instant = instant_of(at, "--at", reference) if at else platform.clock.now()
        kinds = [KINDS[kind]] if kind else KINDS.values()
        found = [version for one in kinds for version in versions(one, instant, reference)]
        _print(form, found, version_lines(found, reference.zone_of(None)))

    run_async(work())


@app.command("try")
def try_(
    target: Target,
    changes: SetOption = None,
    effective_from: StartOption = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="DAY|INSTANT",
            help="Compare as of then, if nothing more happens: a tier drops days after its "
            "warning. Default: now, or when the policy begins.",
        ),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Assess only so many customers. Default: all.")
    ] = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Show what a policy would change: rows, alerts, sums and tiers. Writes nothing."""
    from services.policies.candidate import candidate, given
    from services.policies.texts import trial_lines
    from services.policies.trial import try_policy

    meant = given(target)

    async def work() -> tuple[Trial, Reference]:
        async with opened() as platform:
            reference = await _reference(platform)
            now = platform.clock.now()
            policy = candidate(meant, changes or (), effective_from, now, reference)
            instant: Asked = max(now, policy.effective_from)
            if at:
                instant = asked_of(at, "--at")
            with progress("customers") as bar:
                task = bar.add_task("assessing twice", total=None)
                found = await try_policy(
                    platform,
                    policy,
                    instant,
                    sample,
                    lambda total: bar.update(task, total=total),
                    lambda done: bar.advance(task, done),
                )
            return found, reference

    found, reference = run_async(work())
    _print(form, found, trial_lines(found, reference.zone_of(None)))


@_calibrate.command()
def tiers(
    at: Annotated[
        str, typer.Option("--at", metavar="DAY", help="The day whose scores count, at its end.")
    ],
    shares: Annotated[
        str, typer.Option(help="Percent of the customers in each tier, from the highest down.")
    ] = "20,30,30",
    names: Annotated[str, typer.Option(help="The tiers' names.")] = "platinum,gold,iron",
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the lines, which freezes them.")
    ] = False,
    effective_from: Annotated[
        str | None,
        typer.Option(
            "--effective-from",
            metavar="DAY|INSTANT",
            help="From when they count. Default: the end of that day.",
        ),
    ] = None,
    branch: BranchOption = DEFAULT_BRANCH,
    form: FormatOption = Format.TEXT,
) -> None:
    """Draw the pyramid's lines from everybody's score at the end of a day, and publish them.

    Once published the lines are frozen amounts: nobody's tier moves because
    others bought. Everything else of the policy stays as it is in force that day.
    """
    from services.policies.calibration import calibrate, portions
    from services.policies.publishing import publish_policy
    from services.policies.texts import calibration_lines, published_lines

    check_branch(branch)
    wanted = portions(shares, names)
    day = day_of(at, "--at")

    async def work() -> None:
        async with opened() as platform:
            reference = await _reference(platform)
            tz = reference.zone_of(None)
            starts = _starts(effective_from, reference)
            with progress("customers") as bar:
                task = bar.add_task("scoring", total=None)
                found = await calibrate(
                    platform, day, wanted, starts, lambda done: bar.advance(task, done)
                )
            if not publish:
                _print(form, found, calibration_lines(found, tz))
                return
            result = await publish_policy(platform, found.meant, branch)
        lines = [*calibration_lines(found, tz), *published_lines(result, found.meant, tz)]
        _print(form, {"calibration": found, "published": result}, lines)

    run_async(work())


def _starts(text: str | None, reference: Reference) -> datetime | None:
    from services.policies.candidate import first_instant

    return first_instant(text, "--effective-from", reference) if text else None
