"""Commands over HTTP, to a gateway in a process of its own; and their peer, a bare server in one.

Both are read, then asked for the next version: two requests, on connections that are kept. A
client that is told that a rival won asks again.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import count
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import httpx2
import psutil

from deploy.kafka.broker import free_ports
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.streams import case_stream
from events.touchpoints import Touchpoint
from events.touchpoints.complaint import CaseOpened
from events.touchpoints.policy import DepartmentSet, StaffSet
from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from services.ports import Accepted, EventLog, Stale, Submission
from services.settings import Settings
from tests.bench.builds import HERE
from tests.bench.rivals.clients import Attempt, Contestant, Won
from tests.support.modes import catch_up

_BRANCH = BranchId("B-1")
_DEPARTMENT = "service"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_NOBODY = -1
_PATIENCE_S = 60.0
_LOOK_S = 0.1
_TIMEOUT_S = 60.0
_TOLD = {"step": "received", "channel": "phone"}


class Opened(NamedTuple):
    """Cases that can be commanded: the keys of the clients, and what opened the cases."""

    tokens: Sequence[str]
    won: Sequence[Won]


async def open_cases(settings: Settings, clients: int, cases: range) -> Opened:
    """Open cases of a department, with a member of staff for each client."""
    async with open_platform(settings) as platform:
        keys = Keys(platform.pool, platform.clock)
        staff = [f"agent-{n}" for n in range(clients)]
        reference: list[Touchpoint] = [
            DepartmentSet(effective_from=_LONG_AGO, department_id=_DEPARTMENT, name=_DEPARTMENT),
            *(
                StaffSet(
                    effective_from=_LONG_AGO,
                    staff_id=one,
                    department_id=_DEPARTMENT,
                    roles=("call_centre",),
                )
                for one in staff
            ),
        ]
        told = [
            _submission("/branches/B-1/staff", n, None, data) for n, data in enumerate(reference, 1)
        ]
        outcomes = await platform.log.append(told)
        assert all(isinstance(one, Accepted) for one in outcomes), outcomes
        await catch_up(platform, settings)
        tokens = [(await keys.create_for_staff(one))[1] for one in staff]
        won = [await _open(platform.log, case) for case in cases]
    return Opened(tokens, won)


async def _open(log: EventLog, case: int) -> Won:
    data = CaseOpened(
        case_id=f"case-{case}",
        priority="medium",
        department=_DEPARTMENT,
        response_minutes=480,
        solution_minutes=1440,
        callback_attempts=3,
    )
    one = _submission(case_stream(data.case_id), 1, f"customer-{case}", data)
    answer = await log.append_unit([one])
    assert not isinstance(answer, Stale), answer
    return Won(_NOBODY, case, (one.envelope.id,), 0.0)


def _submission(source: str, number: int, subject: str | None, data: Touchpoint) -> Submission:
    now = datetime.now(UTC)
    envelope = Envelope(
        id=EventId(str(uuid5(NAMESPACE_URL, f"{source}#{number}"))),
        source=source,
        type=data.event_type,
        subject=None if subject is None else CustomerId(subject),
        branch_id=_BRANCH,
        epoch=0,
        sequence=number,
        created_at=now,
        effective_at=now,
    )
    return Submission(envelope, data, sha256(envelope.id.encode()).digest())


@asynccontextmanager
async def gateway(settings: Settings, opened: Opened, cases: range) -> AsyncIterator[Contestant]:
    """Give commands through a gateway that runs meanwhile."""
    port, other = free_ports(2)
    words = {
        "TOUCHSTONE_DSN": str(settings.dsn),
        "TOUCHSTONE_DATA": str(settings.data),
        "TOUCHSTONE_GATEWAY_PORT": str(port),
        "TOUCHSTONE_CONSOLE_PORT": str(other),
        **({"TOUCHSTONE_KAFKA": settings.kafka} if settings.kafka else {}),
    }
    command = ("services", "serve", "gateway")
    async with _served(command, words, port) as (http, cpu_s):
        yield Contestant(_commands(http, opened.tokens), cases, cpu_s)


@asynccontextmanager
async def bare_server(settings: Settings, cases: range) -> AsyncIterator[Contestant]:
    """Give bare transactions through a server that runs meanwhile."""
    [port] = free_ports(1)
    brokers = () if settings.kafka is None else (settings.kafka,)
    command = ("tests.bench.rivals.bare_server", str(port), str(settings.dsn), *brokers)
    async with _served(command, {}, port) as (http, cpu_s):
        yield Contestant(_transactions(http), cases, cpu_s)


@asynccontextmanager
async def _served(
    command: Sequence[str], environment: Mapping[str, str], port: int
) -> AsyncIterator[tuple[httpx2.AsyncClient, Callable[[], float]]]:
    """Run a server until the end; give a client of it, and its processor time."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
    process = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, "-m", *command], cwd=HERE, env={**kept, **environment}
    )
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=_TIMEOUT_S
        ) as http:
            async with asyncio.timeout(_PATIENCE_S):
                while not await _answers(http):
                    assert process.poll() is None, f"{command} ended with {process.returncode}"
                    await asyncio.sleep(_LOOK_S)
            yield http, partial(_cpu_s, psutil.Process(process.pid))
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _cpu_s(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


async def _answers(http: httpx2.AsyncClient) -> bool:
    try:
        await http.get("/")
    except httpx2.TransportError:
        return False
    return True


def _commands(http: httpx2.AsyncClient, tokens: Sequence[str]) -> Attempt:
    numbers = count()

    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        address = f"/api/v1/cases/case-{case}"
        key = {"Authorization": f"Bearer {tokens[client]}"}
        looked = await http.get(address, headers=key)
        assert looked.status_code == 200, looked.text
        given = {"If-Match": looked.headers["ETag"], "Idempotency-Key": f"{client}-{next(numbers)}"}
        answer = await http.post(f"{address}/tell-customer", json=_TOLD, headers=key | given)
        if answer.status_code == 412:
            return None
        assert answer.status_code == 200, answer.text
        return tuple(event["event_id"] for event in answer.json()["events"])

    return attempt


def _transactions(http: httpx2.AsyncClient) -> Attempt:
    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        looked = await http.get(f"/{case}")
        given = {"If-Match": looked.headers["ETag"]}
        answer = await http.put(f"/{case}", json=_TOLD, headers=given)
        if answer.status_code == 409:
            return None
        assert answer.status_code == 200, answer.text
        return tuple(answer.json())

    return attempt
