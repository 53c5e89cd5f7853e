"""A service desk under fire: complaints are published, staff command their cases over HTTP.

A member of staff who lost an answer sends the same command again, under the same key, until there
is an answer; now and then one that was answered is sent once more. What was told is the truth of
the oracle.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx2
from msgspec import Struct

from events.cases.terms import native_case_id
from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from services.settings import Settings
from services.simulator.devices import Recording
from tests.faults.clients import Client, Ledger
from tests.faults.desk_reports import DESK, LATER, Complaints
from tests.faults.staff_choices import HEADQUARTERS_STAFF, STAFF, Case, Choice, choices

_RECENT = 10  # cases that are worked on at a time: staff are rivals on them
_REPEATED = 0.15
_PAUSE_S = 0.1
_TIMEOUT_S = 20.0
_ANSWER_PATIENCE_S = 120.0
_LARGEST_BATCH = 4
_NOT_NOW = (429, 503)
_REFUSED = (409, 412)
_NOT_YET = (404, 409)  # its complaint is acknowledged, and nobody opened it yet


class Told(Struct, frozen=True):
    """A command that was answered with 200: its case, and the id of each of its versions."""

    case_id: str
    key: str
    events: Mapping[int, str]


@dataclass(slots=True)
class Commands:
    """What the staff were told, and how hard it was."""

    done: dict[str, Told] = field(default_factory=dict)  # by key
    refused: set[str] = field(default_factory=set)  # keys
    newest: dict[str, int] = field(default_factory=dict)  # version told of each case
    unanswered: int = 0
    unavailable: int = 0
    found_again: int = 0  # done, and the answer was lost, or 503
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def told_version(self, case_id: str, version: int) -> None:
        """Note a version that somebody was told of."""
        self.newest[case_id] = max(version, self.newest.get(case_id, 0))


class Desk:
    """The branch and its staff, all at once, at every gateway."""

    def __init__(
        self,
        gateways: Sequence[str],
        tokens: Mapping[str, str],
        ledger: Ledger,
        seed: int,
        *,
        quick: bool,
    ) -> None:
        self.commands = Commands()
        self.complaints = Complaints(seed, quick=quick)
        self._gateways, self._tokens, self._ledger, self._seed = gateways, tokens, ledger, seed
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, complaints_a_second: float, workers: int) -> None:
        """Let reference data be published, then everybody work."""
        await self._client(self.complaints.reference()).run(asyncio.Event(), 1e6)
        branch = self._client(self.complaints.reports())
        self._tasks = [
            asyncio.create_task(branch.run(self._stop, complaints_a_second)),
            *(asyncio.create_task(self._worker(n)) for n in range(workers)),
        ]

    def _client(self, recordings: Sequence[Recording] | Iterator[Recording]) -> Client:
        return Client(
            self._gateways[0],
            self._tokens[DESK],
            recordings,
            self._ledger,
            Random(f"{self._seed} desk"),
            largest_batch=_LARGEST_BATCH,
        )

    async def _worker(self, number: int) -> None:
        """Do what there is to do on one recent case after another."""
        worker = Worker(number, self._gateways, self._tokens, self.commands, self._seed)
        worker.due_minutes = self.complaints.due_minutes
        async with worker.http:
            while not self._stop.is_set():
                await asyncio.sleep(_PAUSE_S * worker.dice.random())
                if acknowledged := self.acknowledged():
                    event_id = worker.dice.choice(acknowledged[-_RECENT:])
                    await worker.work_on(native_case_id(event_id))

    def acknowledged(self) -> Sequence[str]:
        """Return the complaints and requests that were acknowledged, in the order of filing."""
        return [one for one in self.complaints.filed if one in self._ledger.receipts]

    def check(self) -> None:
        """Raise what ended somebody's work."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def finish(self) -> Commands:
        """Let nobody begin anything; return what was told once all is answered.

        Raises: TimeoutError.
        """
        self._stop.set()
        async with asyncio.timeout(_ANSWER_PATIENCE_S):
            await asyncio.gather(*self._tasks)
        return self.commands


class Worker:
    """One hand that gives commands, in everybody's name: one at a time."""

    def __init__(
        self,
        number: int,
        gateways: Sequence[str],
        tokens: Mapping[str, str],
        commands: Commands,
        seed: int,
    ) -> None:
        self.http = httpx2.AsyncClient(timeout=_TIMEOUT_S)
        self.dice = Random(f"{seed} worker {number}")
        self.due_minutes = LATER
        self._number = number
        self._given = 0
        self._gateways, self._tokens, self._commands = gateways, tokens, commands

    async def work_on(self, case_id: str) -> None:
        """Look at a case, and do one of the things that can be done now."""
        least = self._commands.newest.get(case_id, 0)
        looked = await self._asked("GET", case_id, "", HEADQUARTERS_STAFF)
        if looked is None or (least == 0 and looked.status_code in _NOT_YET):
            return
        if looked.status_code != 200:
            self._wrong(f"{case_id} of version {least}: {looked.status_code} {looked.text[:300]}")
            return
        found = Case.of(looked.content)
        if found.version < least:
            self._wrong(f"{case_id} is of version {found.version}, {least} was acknowledged")
        self._commands.told_version(case_id, found.version)
        possible = choices(found, self.due_minutes)
        if possible:
            await self._give(found, self.dice.choice(possible))

    async def _give(self, case: Case, choice: Choice) -> None:
        """Give a command until it is answered; now and then once more."""
        self._given += 1
        key = f"desk-{self._number}-{self._given}"
        answer, tries = await self._answered(case, choice, key)
        if answer.status_code in _REFUSED:
            self._commands.refused.add(key)
            return
        if answer.status_code != 200:
            self._wrong(f"{choice} on {case.case_id}: {answer.status_code} {answer.text[:300]}")
            return
        told = _told(case.case_id, key, answer)
        replayed = "Idempotency-Replayed" in answer.headers
        if replayed and tries == 1:
            self._wrong(f"{key} was never sent before, yet it is replayed")
        self._commands.found_again += replayed
        self._commands.done[key] = told
        self._commands.told_version(case.case_id, max(told.events))
        if self.dice.random() < _REPEATED:
            again, _ = await self._answered(case, choice, key)
            self._commands.repeated += 1
            same = again.status_code == 200 and _told(case.case_id, key, again) == told
            if not same or "Idempotency-Replayed" not in again.headers:
                self._wrong(f"{key} was answered {told}, repeated {again.status_code} {again.text}")

    async def _answered(self, case: Case, choice: Choice, key: str) -> tuple[httpx2.Response, int]:
        """Send a command until there is an answer; return how often it was sent, too.

        One that was told 503 may be recorded all the same. Raises: TimeoutError.
        """
        give_up_at = time.monotonic() + _ANSWER_PATIENCE_S
        tries = 0
        while True:
            tries += 1
            headers = {"Idempotency-Key": key, "If-Match": f'"{case.version}"'}
            answer = await self._asked(
                "POST", case.case_id, f"/{choice.word}", choice.by, choice.body, headers
            )
            if answer is not None:
                return answer, tries
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{choice} on {case.case_id} has no answer")
            await asyncio.sleep(self.dice.uniform(0.05, 0.4))

    async def _asked(
        self,
        method: str,
        case_id: str,
        word: str,
        by: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response | None:
        """Return the answer of one of the gateways; None: it has none for us now."""
        commands, address = self._commands, self.dice.choice(self._gateways)
        try:
            response = await self.http.request(
                method,
                f"{address}/api/v1/cases/{case_id}{word}",
                json=dict(body or {}) if method == "POST" else None,
                headers={"Authorization": f"Bearer {self._tokens[by]}", **(headers or {})},
            )
        except httpx2.TransportError:
            commands.unanswered += 1
            return None
        if response.status_code in _NOT_NOW:
            commands.unavailable += 1
            if "Retry-After" not in response.headers:
                self._wrong(f"{response.status_code} without Retry-After: {response.text[:300]}")
            return None
        return response

    def _wrong(self, what: str) -> None:
        self._commands.wrong.append(what)


def _told(case_id: str, key: str, answer: httpx2.Response) -> Told:
    events = {one["version"]: one["event_id"] for one in answer.json()["events"]}
    return Told(case_id, key, events)


async def desk_tokens(settings: Settings) -> Mapping[str, str]:
    """Return new keys: the branch's, which may publish reference data, and all of the staff's."""
    async with open_platform(settings) as platform:
        keys = Keys(platform.pool, platform.clock)
        _, branch = await keys.create(DESK, headquarters=True)
        staff = {one: (await keys.create_for_staff(one))[1] for one in STAFF}
        return {DESK: branch, **staff}
