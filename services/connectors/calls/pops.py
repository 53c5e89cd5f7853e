"""What pops up on whose screen: calls that ring or run just now, told through the database.

Whoever listens to an exchange writes here, and every console reads: so it does not matter which
process, on which machine, has whose screen. Numbers lie sealed under their branch's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from asyncpg import Record

from events.touchpoints.contact import Direction
from services.connectors.directory import Directories
from services.connectors.document import Feed
from services.connectors.formats.calls import (
    Ends,
    Leaves,
    PhoneSettings,
    Rings,
    Sign,
    Takes,
    digits_of,
)
from services.connectors.ports import Questions
from services.ports import Clock
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql
from services.vault.vault import PostgresVault, branch_subject

CHANNEL = "touchstone_calls"
_LONGEST = timedelta(hours=12)
"""Of calls whose end nobody heard."""

_KEPT_CALLS = 2_000


class CallPlatform(Protocol):
    """The open parts of a platform that calls take."""

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        ...

    @property
    def vault(self) -> PostgresVault:
        """Keys: numbers lie under their branch's."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


@dataclass(frozen=True, slots=True, repr=False)  # a traceback or a log line may show it
class Pop:
    """A call at somebody's telephone."""

    feed: str
    call_id: str
    staff_id: str
    branch_id: str
    direction: Direction
    line: str | None
    customers: tuple[str, ...]  # whose number it is, as heads of those merged
    phone: str | None
    is_taken: bool
    since: datetime


class Pops:
    """Shows and withdraws calls."""

    def __init__(self, platform: CallPlatform) -> None:
        self._pool = platform.pool
        self._vault = platform.vault
        self._clock = platform.clock
        self._directories = Directories(platform)
        self._whose: dict[tuple[str, str], tuple[str, ...]] = {}

    async def show(self, feed: Feed, settings: PhoneSettings, signs: Sequence[Sign]) -> None:
        """Put what signs say on the screens that they concern. Raises: Unavailable."""
        for sign in signs:
            await self._show(feed, settings, sign)

    async def _show(self, feed: Feed, settings: PhoneSettings, sign: Sign) -> None:
        match sign:
            case Rings():
                await self._rings(feed, settings, sign)
            case Takes():
                staff = settings.agents.get(sign.agent)
                if staff is not None:
                    now = self._clock.now()
                    await self._tell("call_taken", feed.name, sign.call_id, staff, now)
            case Leaves():
                staff = settings.agents.get(sign.agent)
                if staff is not None:
                    await self._left(feed, sign.call_id, staff)
            case Ends():
                self._whose.pop((feed.name, sign.call_id), None)
                await self._left(feed, sign.call_id, None)
            case _:
                assert_never(sign)

    async def _left(self, feed: Feed, call_id: str, staff: str | None) -> None:
        earliest = self._clock.now() - _LONGEST
        await self._tell("call_left", feed.name, call_id, staff, earliest)

    async def _rings(self, feed: Feed, settings: PhoneSettings, rings: Rings) -> None:
        staff = settings.agents.get(rings.agent)
        if staff is None:
            return
        sealed = None
        if rings.phone is not None:
            subject, name = branch_subject(feed.branch), _content(feed.name, rings.call_id)
            sealed = await self._vault.seal(subject, name, {"phone": rings.phone})
        line = settings.lines.get(rings.line, rings.line) if rings.line else None
        await self._tell(
            "call_rings",
            feed.name,
            rings.call_id,
            staff,
            feed.branch,
            rings.direction,
            line,
            list(await self._customers(feed, rings)),
            sealed,
            self._clock.now(),
        )

    async def _customers(self, feed: Feed, rings: Rings) -> tuple[str, ...]:
        """Return whose number it is, asked once for a call."""
        key = feed.name, rings.call_id
        if key not in self._whose and rings.phone is not None:
            digits = digits_of(rings.phone)
            directory = await self._directories.answers(Questions(phones=frozenset({digits})))
            heads = {directory.head(one) for one in directory.callers.get(digits, ())}
            self._whose[key] = tuple(sorted(heads))
            if len(self._whose) > _KEPT_CALLS:
                del self._whose[next(iter(self._whose))]
        return self._whose.get(key, ())

    async def keep_only(self, feed: Feed, calls: Sequence[str]) -> None:
        """Withdraw all of a feed's calls but these. Raises: Unavailable."""
        await self._tell("call_pops_gone", feed.name, list(calls))

    async def _tell(self, statement: str, *parameters: object) -> None:
        await retried(lambda: self._pool.execute(sql(statement), *parameters))

    async def of(self, staff: Sequence[str]) -> Mapping[str, tuple[Pop, ...]]:
        """Return the calls at each one's telephone, taken ones first. Raises: Unavailable."""
        since = self._clock.now() - _LONGEST
        rows = await retried(lambda: self._pool.fetch(sql("call_pops_of"), list(staff), since))
        found: dict[str, tuple[Pop, ...]] = {}
        for row in rows:
            pop = await self._pop(row)
            found[pop.staff_id] = (*found.get(pop.staff_id, ()), pop)
        return found

    async def _pop(self, row: Record) -> Pop:
        phone = None
        if row["sealed"] is not None:
            name = _content(row["feed"], row["call_id"])
            opened = await self._vault.open(branch_subject(row["branch_id"]), name, row["sealed"])
            phone = (opened or {}).get("phone")
        return Pop(
            feed=row["feed"],
            call_id=row["call_id"],
            staff_id=row["staff_id"],
            branch_id=row["branch_id"],
            direction=row["direction"],
            line=row["line"],
            customers=tuple(row["customers"]),
            phone=phone,
            is_taken=row["is_taken"],
            since=row["since"],
        )


def _content(feed: str, call_id: str) -> str:
    """Return what a sealed number is bound to."""
    return f"call:{feed}:{call_id}"
