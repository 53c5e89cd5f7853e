"""Commands of whoever keeps the platform running: `touchstone doctor`, `touchstone upgrade`."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct

from services.cli.opening import settings
from services.errors import TouchstoneError
from services.terminal import Format, FormatOption, emit, run_async, say
from services.wording import counted

_MARKS = {"well": "ok     ", "warning": "warning", "fault": "FAULT  ", "unknown": "?      "}


class NotWell(TouchstoneError):
    """Something is wrong that somebody has to mend."""


def doctor(format_: FormatOption = Format.TEXT) -> None:
    """Say what is wrong with this installation, and what to do; change nothing.

    Looks at disk, files, master key, TLS, ports, limits, compiled parts, the database's settings,
    clock, migrations and rows, at Kafka's topics, lag, parked work, the quarantine and gaps.

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

    Every process does the first by itself when it starts; run it alone, once, before many start.
    Rows of an older version are shown until `touchstone rebuild` has built the new ones.
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
