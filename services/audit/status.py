"""How far the projections are behind the log, for people and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from events.envelope import PositionVector
from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from services.casework.by_itself import CaseworkByItself
from services.errors import UnreadableEvent
from services.log.filling import is_filling
from services.native import choose
from services.platform import Platform
from services.postgres.pool import PROGRAM, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.search.follower import events_behind

_SOURCES = 100


class ProjectionStatus(Struct, frozen=True, kw_only=True):
    """One projection: what it has taken in, what waits, what is parked."""

    projection: str
    version: int
    position: str
    behind: int  # events
    customers: int
    under_older_policies: int  # customers that a sweep has still to assess again
    overdue: int  # customers whose next change is past and not assessed yet
    parked: int


class Program(Struct, frozen=True, kw_only=True):
    """A process of the platform that is connected to the database."""

    command: str
    pid: int  # on its own machine
    host: str | None  # null: it is on the database's
    native: str  # which parts run compiled in it, or why none does


class CaseworkStatus(Struct, frozen=True, kw_only=True):
    """What casework does by itself: how much it has still to look at."""

    openings_behind: int  # events of the log, of which some may open cases
    escalations_behind: int  # lines of the alert journal
    parked: int  # openings and escalations that could not be done, and are tried again


class Status(Struct, frozen=True, kw_only=True):
    """The log's position and every projection's."""

    filling: bool  # an empty platform is being filled: what it holds is a part
    events: int
    duplicates: int  # records of Kafka's topics that were dropped: their event had come before
    position: str
    projections: list[ProjectionStatus]
    casework: CaseworkStatus
    search_behind: int  # events that the search index has not looked at yet
    native: str  # which parts run compiled in the process that was asked, or why none does
    programs: list[Program]  # the others
    uncounted_sources: list[str]  # publish without sequence numbers: no gap shows; at most 100


def _behind(ends: Sequence[int], taken: Sequence[int]) -> int:
    """Return how many events of customers wait, of those there were when the log's end was read.

    A projection looked at later may have taken in more.
    """
    pairs = zip(ends[:PARTITIONS], taken[:PARTITIONS], strict=True)
    return sum(max(0, end - done) for end, done in pairs)


async def status(platform: Platform, at: datetime) -> Status:
    """Return how everything stands at `at`. Raises: Unavailable."""
    heads = await platform.log.heads()
    try:
        reference = await ReferenceFeed(platform.pool).refresh()
    except UnreadableEvent:  # it is said by whoever projects, and nobody can until it is mended
        reference = None
    found = []
    for projection in PROJECTIONS:
        name = (projection.name, projection.version)
        with translated():
            rows = await platform.pool.fetch(sql("checkpoints_of"), *name, heads.generation)
            counts = await platform.pool.fetchrow(sql("count_heads"), *name, at)
            assert counts is not None
            outdated = counts["customers"] - counts["parked"]
            if reference is not None:
                settled = min((row["settled"] for row in rows), default=0)
                published = reference.published_since(settled)
                outdated = await platform.pool.fetchval(
                    sql("count_outdated"), *name, list(published), list(published.values()),
                    reference.count, counts["customers"],
                )  # fmt: skip
        taken = list(PositionVector.start(heads.generation).counts)
        for row in rows:
            taken[row["partition"]] = row["next"]
        found.append(
            ProjectionStatus(
                projection=projection.name,
                version=projection.version,
                position=PositionVector(heads.generation, tuple(taken)).token(),
                behind=_behind(heads.counts, taken),
                customers=counts["customers"],
                under_older_policies=outdated,
                overdue=counts["overdue"],
                parked=counts["parked"],
            )
        )
    with translated():
        others = await platform.pool.fetch(sql("programs"), rf"^{PROGRAM} \S+ \d+: ")
        mirrors = await platform.pool.fetch(sql("mirror_heads"), heads.generation)
        uncounted = await platform.pool.fetch(sql("uncounted_sources"), _SOURCES)
        parked_work = await platform.pool.fetchval(sql("count_parked_work"))
    by_itself = CaseworkByItself(platform)
    dropped = sum(mirror["dropped"] for mirror in mirrors)
    return Status(
        filling=await is_filling(platform.pool),
        events=sum(heads.counts) - dropped,
        duplicates=dropped,
        position=heads.token(),
        projections=found,
        casework=CaseworkStatus(
            openings_behind=await by_itself.openings.behind(),
            escalations_behind=await by_itself.deadlines.behind(),
            parked=parked_work,
        ),
        search_behind=await events_behind(platform.pool),
        native=str(choose()),
        programs=[_program(row["name"], row["host"]) for row in others],
        uncounted_sources=[row["source"] for row in uncounted],
    )


def _program(name: str, host: str | None) -> Program:
    """Return the process that is known to the server by a name of `program_name`."""
    about, _, native = name.partition(": ")
    _, command, pid = about.split(" ")
    return Program(command=command, pid=int(pid), host=host, native=native)
