"""Commands of the auditor: what was true, what was known, and proof that rows agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer

from services.cli.opening import opened
from services.errors import Disagreement
from services.terminal import (
    AsKnownOption,
    AsOfOption,
    Format,
    FormatOption,
    asked_of,
    day_of,
    emit,
    progress,
    run_async,
    say,
)
from services.wording import counted

if TYPE_CHECKING:
    from events.home import Asked
    from services.platform import Platform

T = TypeVar("T")

report = typer.Typer(
    name="report",
    help="Figures of the whole company on a day, recomputed from the events themselves.",
    no_args_is_help=True,
)


async def _walked(work: Callable[[Platform, Callable[[int], None]], Awaitable[T]]) -> T:
    """Do work that walks every customer, showing how far it is."""
    from services.walk.by_customer import picture

    async with opened() as platform:
        async with picture(platform) as seen:
            customers = await seen.customer_count()
        with progress("customers") as bar:
            task = bar.add_task("reading", total=customers)
            return await work(platform, lambda done: bar.advance(task, done))


def _asked(
    platform: Platform, as_of: str | None, as_known: str | None, option: str = "--as-of"
) -> tuple[Asked, Asked | None]:
    """Return what the options ask about; as known alone is as of then, too.

    Without the options it is now, and everything.
    """
    known_at = asked_of(as_known, "--as-known") if as_known else None
    if as_of:
        return asked_of(as_of, option), known_at
    return known_at or platform.clock.now(), known_at


async def _company_zone(platform: Platform) -> ZoneInfo:
    from services.walk.by_customer import picture

    async with picture(platform) as seen:
        return (await seen.reference()).zone_of(None)


def _print(format_: Format, document: object, lines: Iterable[str]) -> None:
    if format_ is Format.JSON:
        emit(document)
        return
    for line in lines:
        say(line)


def replay(
    customer: Annotated[str, typer.Option(help="The customer's id.")],
    as_of: AsOfOption = None,
    as_known: AsKnownOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Replay one customer: the rows and alerts of every projection at an instant.

    They are refolded from the events, and are what the platform shows or showed.
    Why they are so is what `touchstone explain` says. Instants are in UTC, as the
    rows hold them.
    """
    from events.envelope import CustomerId
    from services.audit.replay import replay as replay_customer
    from services.audit.replay import replay_lines

    async def work() -> None:
        async with opened() as platform:
            at, known_at = _asked(platform, as_of, as_known)
            found = await replay_customer(platform, CustomerId(customer), at, known_at)
        _print(format_, found, replay_lines(found))

    run_async(work())


def explain(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    as_of: AsOfOption = None,
    as_known: AsKnownOption = None,
    entries: Annotated[
        int, typer.Option("--timeline", min=0, help="How many of the latest touchpoints to show.")
    ] = 20,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Explain one customer: every figure with the events and rules behind it.

    Receivables with their allocations; value and tier, what counts, what expired
    and what comes next; cases with the history of their clocks; the latest
    touchpoints. Times are in the customer's zone, which the first line names.
    """
    from events.envelope import CustomerId
    from services.audit.explain import explain as explain_customer
    from services.audit.explain_text import explanation_lines

    async def work() -> None:
        async with opened() as platform:
            at, known_at = _asked(platform, as_of, as_known)
            name = CustomerId(customer)
            found = await explain_customer(platform, name, at, known_at, entries)
        _print(format_, found, explanation_lines(found))

    run_async(work())


@report.command()
def ageing(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DAY",
            help="The day, at its end where each customer is at home. Default: today.",
        ),
    ] = None,
    as_known: AsKnownOption = None,
    branch: Annotated[str | None, typer.Option(help="Only this branch's customers.")] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Ageing buckets, provision, DSO and days late at the end of a day."""
    from events.calendars import local_day
    from services.audit.reports import report_ageing
    from services.audit.texts import ageing_lines

    async def work(platform: Platform, advance: Callable[[int], None]) -> None:
        tz = await _company_zone(platform)
        _, known_at = _asked(platform, None, as_known)
        asked: Asked = day_of(as_of, "--as-of") if as_of else local_day(platform.clock.now(), tz)
        if known_at is not None and not as_of:
            asked = known_at
        found = await report_ageing(platform, asked, branch, known_at, advance)
        _print(format_, found, ageing_lines(found, tz))

    run_async(_walked(work))


@report.command()
def alerts(
    as_of: AsOfOption = None,
    as_known: AsKnownOption = None,
    listed: Annotated[bool, typer.Option("--list", help="Name every alert, too.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Every alert of history as today's rules have it: raised, ended, and why."""
    from services.audit.reports import report_alerts
    from services.audit.texts import alerts_lines

    async def work(platform: Platform, advance: Callable[[int], None]) -> None:
        tz = await _company_zone(platform)
        at, known_at = _asked(platform, as_of, as_known)
        found = await report_alerts(platform, at, known_at, advance, listed=listed)
        _print(format_, found, alerts_lines(found, tz))

    run_async(_walked(work))


@report.command()
def service(
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DAY",
            help="Cases opened from this day on. Default: the first of the month.",
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DAY", help="Through this day. Default: today."),
    ] = None,
    as_of: AsOfOption = None,
    as_known: AsKnownOption = None,
    branch: Annotated[str | None, typer.Option(help="Only cases of this branch.")] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """How departments served: deadlines kept by stage, hand-overs, first contact, satisfaction."""
    from events.calendars import local_day
    from services.audit.service_report import report_service
    from services.audit.service_texts import service_lines

    async def work(platform: Platform, advance: Callable[[int], None]) -> None:
        tz = await _company_zone(platform)
        at, known_at = _asked(platform, as_of, as_known)
        through = day_of(last, "--to") if last else local_day(platform.clock.now(), tz)
        since = day_of(first, "--from") if first else through.replace(day=1)
        found = await report_service(platform, since, through, at, known_at, branch, advance)
        _print(format_, found, service_lines(found, tz))

    run_async(_walked(work))


def digest(
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="DAY|INSTANT",
            help="The instant assessed, or a day: its end where each customer is at home. "
            "Default: now.",
        ),
    ] = None,
    as_known: AsKnownOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """One SHA-256 over all that the events mean at an instant.

    Equal digests for one instant mean equal rows and standing alerts: of a log
    and its copy, before and after a move, in order and shuffled.
    """
    from services.audit.digest import digest as compute_digest
    from services.audit.texts import digest_lines

    async def work(platform: Platform, advance: Callable[[int], None]) -> None:
        tz = await _company_zone(platform)
        asked, known_at = _asked(platform, at, as_known, "--at")
        found = await compute_digest(platform, asked, known_at, advance)
        _print(format_, found, digest_lines(found, tz))

    run_async(_walked(work))


def verify(format_: FormatOption = Format.TEXT) -> None:
    """Refold everything from the events and name each difference from the live rows.

    Safe while the platform works. Instants are in UTC, as the rows hold them.
    Exit code 4 if anything differs.
    """
    from services.audit.texts import verification_lines
    from services.audit.verify import verify as verify_everything

    async def work(platform: Platform, advance: Callable[[int], None]) -> int:
        found = await verify_everything(platform, advance)
        _print(format_, found, verification_lines(found))
        return found.differences

    differences = run_async(_walked(work))
    if differences:
        places = counted(differences, "place")
        raise Disagreement(f"the live rows differ from the events in {places}")


def status(format_: FormatOption = Format.TEXT) -> None:
    """How far the projections are, what is due and what is parked."""
    from services.audit.status import status as platform_status
    from services.audit.texts import status_lines

    async def work() -> None:
        async with opened() as platform:
            found = await platform_status(platform, platform.clock.now())
        _print(format_, found, status_lines(found))

    run_async(work())
