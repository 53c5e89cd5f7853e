"""Commands of whoever keeps the platform running: doctor, upgrade, retention, quotas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from services.cli.opening import opened, settings
from services.errors import TouchstoneError
from services.terminal import Format, FormatOption, emit, run_async, say
from services.wording import counted

if TYPE_CHECKING:
    from services.operating.retention import Kept

_MARKS = {"well": "ok     ", "warning": "warning", "fault": "FAULT  ", "unknown": "?      "}


class NotWell(TouchstoneError):
    """Something is wrong that somebody has to mend."""


def doctor(format_: FormatOption = Format.TEXT) -> None:
    """Say what is wrong with this installation, and what to do; change nothing.

    Looks at disk, files, master key, TLS, ports, limits, compiled parts, the
    database's settings, clock, migrations and rows, at Kafka's topics, lag,
    parked work, the quarantine and gaps.

    Exit code 1 if there is a fault; warnings alone are 0.
    """
    from services.hosts.bootstrap import open_platform, room_of
    from services.operating.doctor.examining import examine

    found = run_async(examine(settings(), room_of(settings()), open_platform))
    if format_ is Format.JSON:
        emit(found)
    else:
        for one in found:
            say(f"{_MARKS[one.state]}  {one.check}: {one.says}")
            if one.remedy:
                say(f"         -> {one.remedy}")
    if faults := sum(one.state == "fault" for one in found):
        raise NotWell(f"{counted(faults, 'fault')}; see above")


class _Upgrade(Struct, frozen=True):
    """What an upgrade has to do, or has done."""

    migrations: list[str]
    rebuild: list[str]


def upgrade(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is to be done; exit code 1 if anything.")
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Bring the database to this program's shape, and say which rows are to be built anew.

    Every process does the first by itself when it starts; run it alone, once,
    before many start. Rows of an older version are shown until `touchstone
    rebuild` has built the new ones.
    """
    found = run_async(_upgrade(check=check))
    if format_ is Format.JSON:
        emit(found)
    else:
        for name in found.migrations:
            say(f"{'to apply' if check else 'applied'}: {name}")
        for name in found.rebuild:
            say(f"to rebuild: {name} (`touchstone rebuild {name}`)")
        if not found.migrations and not found.rebuild:
            say("nothing to do: the database is as this program needs it")
    if check and (found.migrations or found.rebuild):
        raise NotWell("an upgrade is to be done; see above")


async def _upgrade(*, check: bool) -> _Upgrade:
    from services.local_postgres.choosing import database
    from services.operating.doctor.database import applied, live_versions, pending_of, to_rebuild
    from services.postgres.migrate import migrate, shipped
    from services.postgres.pool import open_pool

    async with database(settings()) as dsn, await open_pool(dsn) as pool:
        pending = pending_of(await applied(pool), shipped())
        steps = pending if check else await migrate(pool)
        return _Upgrade(list(steps), list(to_rebuild(await live_versions(pool))))


def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Let go of what is over, now.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say what is kept beside the log, for how long, and how much of it is over.

    Gateway and console let go of refused events, sessions and told looks by
    themselves, every hour. Events are kept for ever.
    """
    found = run_async(_retention(apply=apply))
    if format_ is Format.JSON:
        emit(found)
        return
    for one in found:
        over = f"; {'let go' if apply else 'over'}: {one.over:,}" if one.over else ""
        say(f"{one.what}: {one.kept:,}{over}; kept {one.period}")


async def _retention(*, apply: bool) -> Sequence[Kept]:
    from datetime import timedelta

    from services.operating.retention import Periods, let_go, look

    here = settings()
    periods = Periods(
        quarantine=timedelta(days=here.quarantine_days),
        idle=timedelta(minutes=here.session_idle_minutes),
        looks=timedelta(days=here.look_days),
    )
    async with opened() as platform:
        return await (let_go if apply else look)(platform, periods)


def quotas(format_: FormatOption = Format.TEXT) -> None:
    """Say what each branch has used of its room in quarantine, and what one key may send."""
    found = run_async(_quotas())
    if format_ is Format.JSON:
        emit(found)
        return
    say(
        f"one key: {found.requests_per_s:g} requests and {found.events_per_s:g} events a second, "
        f"on average; one process: {found.connections:,} connections"
    )
    say(f"one branch: {found.quarantine_events:,} refused events, {found.quarantine_mb:,} MB")
    for one in found.branches:
        say(f"{one.branch_id}: {one.events:,} refused events, {one.bytes / 1e6:.1f} MB")


class _Taken(Struct, frozen=True):
    """What a branch has taken of its quarantine."""

    branch_id: str
    events: int
    bytes: int


class _Quotas(Struct, frozen=True):
    """What may be used, and what is."""

    requests_per_s: float
    events_per_s: float
    connections: int
    quarantine_events: int
    quarantine_mb: int
    branches: list[_Taken]


async def _quotas() -> _Quotas:
    from services.postgres.pool import translated
    from services.postgres.statements import sql

    here = settings()
    async with opened() as platform:
        with translated():
            rows = await platform.pool.fetch(sql("quota_branches"))
    return _Quotas(
        here.key_requests_per_s,
        here.key_events_per_s,
        here.connections,
        here.quarantine_events,
        here.quarantine_mb,
        [_Taken(row["branch_id"], row["events"], row["bytes"]) for row in rows],
    )
