"""The whole product under a scenario: a branch sends, the projector runs, the console answers.

A scenario is told once and happens in every way. In order: each fact is sent when it happened
and projected at once, and what is shown is read from the live rows and from the read API. Or
late: facts wait until `delivers`, then arrive shuffled and up to five times each, in pieces,
with the projector running in between; what was to be shown before is asked as of its instant.
At the end everything is refolded from the events, and the rows are built anew from nothing.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, NamedTuple

import httpx2
import msgspec

from events.calendars import local_day
from events.envelope import BranchId
from services.console.app import create_console
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.intake.draft import Scope
from services.intake.quarantine import Quarantine, Quarantined
from services.platform import Platform
from services.settings import Settings
from tests.support.given import CUSTOMER, SHANGHAI, Expected, Told, asked, event_id, instant
from tests.support.log import SetClock
from tests.support.postgres import fresh_database
from tests.support.proving import JOURNAL, ROWS, proven

BRANCH = BranchId("SH-01")
API = f"/api/v1/customers/{CUSTOMER}/receivables"
_MASTER_KEY = base64.b64encode(bytes(32)).decode()
Json = dict[str, object]


class Way(NamedTuple):
    """How a scenario's facts arrive: in order, or late and shuffled."""

    name: str
    seed: int | None = None


WAYS = (Way("in order"), Way("shuffled", 1), Way("shuffled otherwise", 2))


class Entry(NamedTuple):
    """An alert that was raised or withdrawn, when the platform knew, and why."""

    action: str
    threshold: int
    at: datetime
    reason: str | None = None
    event: str | None = None


class House:
    """A branch, the platform it reports to, and those who look at what the platform shows."""

    def __init__(self, dsn: str, way: Way) -> None:
        """Prepare a house on an empty database; `opens` opens it."""
        self._settings = Settings(dsn=dsn, master_key=_MASTER_KEY)
        self._dice = None if way.seed is None else random.Random(way.seed)
        self._clock = SetClock(instant("2026-01-01"))
        self._stack = AsyncExitStack()
        self._sequences: dict[str, int] = {}
        self._accepted: set[str] = set()
        self._waiting: list[Json] = []
        self._to_ask: list[tuple[datetime, Sequence[Expected]]] = []
        self.platform: Platform

    async def opens(self) -> None:
        """Open the platform."""
        platform = open_platform(self._settings, clock=self._clock)
        self.platform = await self._stack.enter_async_context(platform)

    async def closes(self) -> None:
        """Close the platform; what was acknowledged stays."""
        await self._stack.aclose()

    @property
    def is_late(self) -> bool:
        """Return whether facts wait until they are delivered."""
        return self._dice is not None

    # --- what happens ----------------------------------------------------------------------

    async def hears(self, *facts: Told, about: str = CUSTOMER) -> None:
        """A branch tells facts: each when it happened, or all of them once `delivers` says so."""
        for fact in facts:
            self._reach(fact.on)
            if self._dice is None:
                await self._receive([self._event(fact, about)])
            else:
                self._waiting.append(self._event(fact, about))

    async def rules(self, *published: Told) -> None:
        """Headquarters publishes rules."""
        for fact in published:
            event = self._event(fact)
            del event["subject"]
            event["source"] = f"/branches/{BRANCH}/policies"
            scope = Scope(BRANCH, headquarters=True)
            [answer] = await self.platform.intake.submit(scope, [event])
            assert answer.status == "accepted", answer

    async def hears_late(self, fact: Told, *, created: str, sent: str, collected: str) -> None:
        """A branch that was offline tells a fact, by a clock of its own."""
        event = self._event(fact)
        event["time"] = instant(created).isoformat()
        event["senttime"] = instant(sent).isoformat()
        event["collectedtime"] = instant(collected).isoformat()
        self._reach(instant(collected))
        await self._receive([event] if self._dice is None else self._repeated([event]))

    async def passes(self, until: str) -> None:
        """Time passes: what falls due by then takes effect."""
        self._reach(asked(until))
        if not self._waiting:
            await self._project()

    async def delivers(self) -> None:
        """Everything told so far has arrived, and what was to be shown is true of its time."""
        stream = self._repeated(self._waiting)
        self._waiting = []
        while stream:
            size = self._chosen(1, 2, 3, 7)
            await self._receive(stream[:size])
            stream = stream[size:]
        await self._project()
        for at, expected in self._to_ask:
            await self.was_shown(at, *expected)
        if self._to_ask and self._to_ask[-1][0] == self._clock.at:
            await self._shows(self._to_ask[-1][1])
        self._to_ask = []

    async def restarts(self) -> None:
        """The platform is stopped and started again."""
        await self.closes()
        await self.opens()

    async def refuses(self, fact: Told) -> Quarantined:
        """An event is sent and refused; return it as it lies in quarantine."""
        [answer] = await self.platform.intake.submit(BRANCH, [self._event(fact)])
        assert (answer.status, answer.quarantined) == ("refused", True)
        await self._project()
        platform = self.platform
        quarantine = Quarantine(platform.pool, platform.vault, self._clock)
        [found] = await quarantine.show(event_id(fact.event or ""))
        return found

    def _reach(self, at: datetime) -> None:
        self._clock.at = max(self._clock.at, at)

    def _chosen(self, *numbers: int) -> int:
        return numbers[0] if self._dice is None else self._dice.choice(numbers)

    def _repeated(self, events: Sequence[Json]) -> list[Json]:
        """Return events up to five times each, shuffled."""
        stream = [event for event in events for _ in range(self._chosen(1, 2, 3, 4, 5))]
        if self._dice is not None:
            self._dice.shuffle(stream)
        return stream

    def _event(self, fact: Told, subject: str = CUSTOMER) -> Json:
        """Return a fact as the CloudEvent that a branch sends; its name gives id and sequence."""
        name = fact.event or f"{fact.data.event_type} {fact.on}"
        sequence = self._sequences.setdefault(name, len(self._sequences) + 1)
        data: Json = msgspec.json.decode(msgspec.json.encode(fact.data))
        return {
            "specversion": "1.0",
            "id": event_id(name),
            "source": f"/branches/{BRANCH}/till-1",
            "type": fact.data.event_type,
            "subject": subject,
            "time": fact.on.isoformat(),
            "sequence": sequence,
            "data": {key: value for key, value in data.items() if value is not None},
        }

    async def _receive(self, events: Sequence[Json]) -> None:
        """Take events in: each is accepted once, and a duplicate from then on."""
        answers = await self.platform.intake.submit(BRANCH, events)
        for event, answer in zip(events, answers, strict=True):
            known = str(event["id"]) in self._accepted
            assert answer.status == ("duplicate" if known else "accepted"), answer
            self._accepted.add(str(event["id"]))
        await self._project()

    async def _project(self) -> None:
        await Projector(self.platform).catch_up()

    # --- what is shown ---------------------------------------------------------------------

    async def shows(self, *expected: Expected) -> None:
        """Now, or later as of now: hold what the live rows and the read API say."""
        if self._waiting:
            self._to_ask.append((self._clock.at, expected))
            return
        await self._project()
        await self._shows(expected)

    async def _shows(self, expected: Sequence[Expected]) -> None:
        pool = self.platform.pool
        items = {row["item_id"]: dict(row) for row in await pool.fetch(ROWS["items"])}
        [account] = [dict(row) for row in await pool.fetch(ROWS["accounts"])]
        today = local_day(self._clock.at, SHANGHAI)
        for row in items.values():
            row["days"] = (today - row["due_on"]).days
        _hold(expected, items, account)
        await self.was_shown(self._clock.at, *expected)

    async def was_shown(
        self, at: str | datetime, *expected: Expected, as_known: str | None = None
    ) -> None:
        """Hold what the read API says as of an instant, with all that is known or was then."""
        as_of = asked(at) if isinstance(at, str) else at
        parameters = {"as_of": as_of.isoformat()}
        if as_known is not None:
            parameters["as_known"] = asked(as_known).isoformat()
        document = await self.reads(API, **parameters)
        [account] = document["accounts"]
        items = {item["item"]: _flat(item) for item in document["items"]}
        for item in items.values():
            item["days"] = item["days_past_due"]
        _hold(expected, items, _flat(account))

    async def ages(self, **buckets: int) -> None:
        """Hold the amounts of ageing buckets that are not empty."""
        document = await self.reads("/api/v1/receivables/ageing")
        [found] = document["currencies"]
        amounts = {
            f"from_{bucket['from_day']}": bucket["amount"]["minor"]
            for bucket in found["buckets"]
            if bucket["items"]
        }
        assert amounts == buckets

    async def reads(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return a document of the read API."""
        transport = httpx2.ASGITransport(app=create_console(self.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def journal(self, kind: str, subject: str) -> list[Entry]:
        """Return what was raised and withdrawn, in order."""
        return [
            Entry(row["action"], row["threshold"], row["at"], row["cause_reason"],
                  row["cause_event_id"])
            for row in await self.platform.pool.fetch(JOURNAL)
            if (row["kind"], row["subject"]) == (kind, subject)
        ]  # fmt: skip


Scenario = Callable[[House], Awaitable[None]]


async def in_every_way(postgres_server: str, migrated: str, scenario: Scenario) -> None:
    """Let a scenario happen in every way, each in a house of its own; the proofs are equal."""
    proofs = {}
    for way in WAYS:
        async with fresh_database(postgres_server, migrated) as dsn:
            house = House(dsn, way)
            await house.opens()
            try:
                await scenario(house)
                await house.delivers()
                proofs[way.name] = await proven(house.platform)
            finally:
                await house.closes()
    first = proofs[WAYS[0].name]
    assert {name: proof for name, proof in proofs.items() if proof != first} == {}


def _hold(
    expected: Sequence[Expected],
    items: Mapping[str, Mapping[str, object]],
    account: Mapping[str, object],
) -> None:
    for one in expected:
        actual = account if one.item_id is None else items[one.item_id]
        found = {name: actual[name] for name in one.fields}
        assert found == one.fields, one.item_id or "the account"


def _flat(document: Mapping[str, Any]) -> dict[str, object]:
    """Return a document's fields under the names of the rows: amounts in minor units."""
    return {
        f"{name}_minor" if isinstance(value, dict) else name: (
            value["minor"] if isinstance(value, dict) else value
        )
        for name, value in document.items()
    }
