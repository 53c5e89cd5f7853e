"""What the doctor looks at in the database before anything of the platform is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from projections import PROJECTIONS
from services.operating.doctor.finding import Finding, fault, warning, well
from services.postgres.migrate import Migration, shipped
from services.postgres.pool import Pool, translated

_OLDEST = 150_000
_FEWEST_CONNECTIONS = 50
_CLOCK_WARNING_S, _CLOCK_FAULT_S = 2.0, 30.0
_MUST_BE = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "server_encoding": "UTF8"}
_SETTINGS = (*_MUST_BE, "max_connections", "server_version_num")


def server(settings: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the server's settings by name."""
    wrong = False
    if int(settings["server_version_num"]) < _OLDEST:
        wrong = True
        yield fault(
            "server_settings",
            f"the server is of version {int(settings['server_version_num']) // 10_000}",
            "use PostgreSQL 15 or newer",
        )
    for name, wanted in _MUST_BE.items():
        if settings[name] != wanted:
            wrong = True
            yield fault(
                "server_settings",
                f"{name} is {settings[name]} and must be {wanted}: what is acknowledged could be "
                "lost, or the database grow without end",
                f"set {name} = {wanted} in the server's configuration",
            )
    if int(settings["max_connections"]) < _FEWEST_CONNECTIONS:
        wrong = True
        yield warning(
            "server_settings",
            f"the server takes {settings['max_connections']} connections; each process of the "
            "platform takes up to ten",
            f"set max_connections to {_FEWEST_CONNECTIONS} or more",
        )
    if not wrong:
        yield well("server_settings", "the server is set as it must be")


def clock(here: datetime, there: datetime) -> Finding:
    """Judge how far this machine's clock and the database's are apart."""
    apart_s = abs((here - there).total_seconds())
    says = f"this machine's clock and the database's are {apart_s:.1f} s apart"
    remedy = "have both machines' clocks set by NTP (`timedatectl set-ntp true`)"
    if apart_s > _CLOCK_FAULT_S:
        return fault("clock", says, remedy)
    return warning("clock", says, remedy) if apart_s > _CLOCK_WARNING_S else well("clock", says)


def migrations(applied: Mapping[str, str], known: tuple[Migration, ...]) -> Finding:
    """Judge what was applied, by name and checksum, beside what this program knows."""
    names = {one.name for one in known}
    if unknown := sorted(applied.keys() - names):
        return fault(
            "migrations",
            f"the database has {', '.join(unknown)}, which this program does not know",
            "run the newer program that made it",
        )
    if changed := [o.name for o in known if applied.get(o.name, o.checksum) != o.checksum]:
        return fault(
            "migrations",
            f"{', '.join(changed)} were changed after they were applied",
            "install the program anew: a migration's file is never edited",
        )
    if pending := pending_of(applied, known):
        return fault(
            "migrations",
            f"{len(pending)} are to be applied: {', '.join(pending)}",
            "back up, then run `touchstone upgrade`",
        )
    return well("migrations", f"all {len(known)} are applied")


def pending_of(applied: Mapping[str, str], known: tuple[Migration, ...]) -> list[str]:
    """Return the names of what is still to be applied."""
    return [one.name for one in known if one.name not in applied]


def versions(live: Mapping[str, int]) -> Iterator[Finding]:
    """Judge which projections' rows this program can keep up to date."""
    old = to_rebuild(live)
    for name, (version, wanted) in old.items():
        yield fault(
            "projections",
            f"rows of {name} are of version {version}, this program's are of {wanted}",
            f"run `touchstone rebuild {name}`: it builds beside the live rows and switches"
            if version < wanted
            else "run the newer program",
        )
    if not old:
        yield well("projections", "every projection's rows are of this program's version")


def to_rebuild(live: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return the live and the wanted version of each projection where they differ."""
    return {
        one.name: (live[one.name], one.version)
        for one in PROJECTIONS
        if live.get(one.name, one.version) != one.version
    }


async def applied(pool: Pool) -> dict[str, str]:
    """Return the migrations that were applied, by name. Raises: Unavailable."""
    with translated():
        if await pool.fetchval("SELECT to_regclass('migrations') IS NULL"):
            return {}
        rows = await pool.fetch("SELECT name, checksum FROM migrations")
    return {row["name"]: row["checksum"] for row in rows}


async def live_versions(pool: Pool) -> dict[str, int]:
    """Return the live version of each projection. Raises: Unavailable."""
    with translated():
        if await pool.fetchval("SELECT to_regclass('live_versions') IS NULL"):
            return {}
        rows = await pool.fetch("SELECT projection, version FROM live_versions")
    return {row["projection"]: row["version"] for row in rows}


async def look_at_database(pool: Pool) -> list[Finding]:
    """Look at the server and at the database's shape; change nothing. Raises: Unavailable."""
    with translated():
        rows = await pool.fetch(
            "SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[])", _SETTINGS
        )
        there: datetime = await pool.fetchval("SELECT clock_timestamp()")
        here = datetime.now(UTC)
    return [
        well("database", "the database answers"),
        *server({row["name"]: row["setting"] for row in rows}),
        clock(here, there),
        migrations(await applied(pool), shipped()),
        *versions(await live_versions(pool)),
    ]
