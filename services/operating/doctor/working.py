"""What the doctor looks at once the platform is open: its key, its log, its rows, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.intake.quarantine import Room
from services.operating.checks import FRESH_S
from services.operating.doctor.finding import Finding, fault, unknown, warning, well
from services.operating.measuring import Lag, Measured, measure
from services.platform import Platform
from services.postgres.pool import translated
from services.postgres.statements import sql
from services.rows.guards import READER, can_enter
from services.vault.master_key import MasterKeyUnusable
from services.wording import counted

_NEARLY_FULL = 0.8
_SOURCES = 20
_PATIENCE_S = 30.0


def lag(lags: Sequence[Lag], *, somebody_projects: bool) -> Finding:
    """Judge how long events have waited to be taken in."""
    behind = sum(lag.events for lag in lags)
    longest = max((lag.seconds for lag in lags), default=0.0)
    if longest > FRESH_S:
        late = sorted({lag.projection for lag in lags if lag.seconds > FRESH_S})
        return fault(
            "lag",
            f"{counted(behind, 'event')} wait, the first for {longest:.0f} s ({', '.join(late)})",
            "look whether a projector runs (`touchstone project`, over Kafka `touchstone work`) "
            "and what its log says; a policy that cannot be read stops all of them",
        )
    if not somebody_projects:
        return warning(
            "lag",
            "no process projects: figures stand still from the next event on",
            "start `touchstone project`, over Kafka `touchstone work`",
        )
    return well("lag", f"{counted(behind, 'event')} wait, the first for {longest:.0f} s")


def apart(*, by_the_database: bool) -> Finding:
    """Judge what keeps customers of other branches from those who see their own."""
    if by_the_database:
        return well("row_security", "the database keeps branches apart, beside every question")
    return warning(
        "row_security",
        "questions alone keep branches apart: the database's user may not make roles",
        f"on the server: CREATE ROLE {READER} NOLOGIN; GRANT {READER} TO the platform's user; "
        "then start the platform again",
    )


async def _apart(platform: Platform) -> Finding:
    with translated():
        async with platform.pool.acquire() as connection:
            return apart(by_the_database=await can_enter(connection))


def parked(counts: Mapping[str, int]) -> Finding:
    """Judge what was set aside because it could not be done."""
    found = {work: count for work, count in counts.items() if count}
    if found:
        told = ", ".join(f"{count} of {work}" for work, count in found.items())
        return fault(
            "parked",
            f"parked: {told}",
            "`touchstone parked list` says why; mend that, then `touchstone parked retry`",
        )
    return well("parked", "nothing is parked")


def quarantine(measured: Measured) -> Finding:
    """Judge how full the fullest branch's quarantine is."""
    says = (
        f"{counted(measured.waiting, 'refused event')} wait; the fullest branch has taken "
        f"{measured.fullest:.0%} of its room"
    )
    remedy = (
        "`touchstone quarantine list`: have the branch mend what it sends, then resubmit or "
        "discard; TOUCHSTONE_QUARANTINE_EVENTS and _MB give more room"
    )
    if measured.fullest >= 1:
        return fault("quarantine", f"{says}: what is refused now is not kept", remedy)
    if measured.fullest >= _NEARLY_FULL:
        return warning("quarantine", says, remedy)
    return well("quarantine", says)


def gaps(missing: Mapping[str, int]) -> Iterator[Finding]:
    """Judge sources whose numbers have holes: what they numbered has not arrived."""
    for source, count in missing.items():
        yield warning(
            "gaps",
            f"of {source} {counted(count, 'event')} with lower numbers have not arrived",
            "have the branch send them again, and look for them in `touchstone quarantine list`",
        )
    if not missing:
        yield well("gaps", "no source has left out a number")


async def look_at_work(platform: Platform, room: Room, *, on_kafka: bool) -> list[Finding]:
    """Look at an open platform. Raises: Unavailable."""
    try:
        await platform.vault.check()
        opens = well("master_key", "the master key is this database's")
    except MasterKeyUnusable as error:
        opens = fault("master_key", str(error), "without the right key personal data stay closed")
    measured = await measure(platform, room)
    with translated():
        projects = on_kafka or bool(await platform.pool.fetchval(sql("somebody_projects")))
    return [
        opens,
        lag(measured.lags, somebody_projects=projects),
        parked(measured.parked),
        quarantine(measured),
        await _apart(platform),
        *await _gaps(platform),
    ]


async def _gaps(platform: Platform) -> list[Finding]:
    try:
        rows = await platform.pool.fetch(sql("operating_gaps"), _SOURCES, timeout=_PATIENCE_S)
    except TimeoutError:
        return [unknown("gaps", f"counting took longer than {_PATIENCE_S:.0f} s")]
    return list(gaps({row["source"]: row["missing"] for row in rows}))
