"""Branches before a real gateway: nothing lost, nothing twice, order kept."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from services.gateway.http import create_gateway
from services.intake.keys import Keys
from tests.contract.event_log_suite import accepted_events
from tests.support.branches import CuttingProxy, WrongClock, agent, cutting, install, listening
from tests.support.gateway import BRANCH, Gateway, gateway_on_chosen_log
from tests.support.given import CUSTOMER, account, event_id, instant, invoice, item
from tests.support.live import Entry, House, Way
from tests.support.modes import EITHER
from touchstone_branch import Branch
from touchstone_branch.errors import LineDown

pytestmark = [pytest.mark.postgres, pytest.mark.fault]

SOURCE = f"/branches/{BRANCH}/till-3"
NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)


@dataclass
class Line:
    """A branch's directory, the gateway that it publishes to, and the line between them."""

    gateway: Gateway
    directory: Path
    proxy: CuttingProxy
    stride: int = 1  # bytes between cuts

    def opened(self, clock: WrongClock | None = None) -> Branch:
        return Branch(self.directory, clock=clock or WrongClock(NOW))

    async def taken(self) -> list[str]:
        """The ids that the log holds of the device, in order of epoch and number."""
        events = [e.envelope for e in await accepted_events(self.gateway.log)]
        own = [e for e in events if e.source == SOURCE]
        return [e.id for e in sorted(own, key=lambda e: (e.epoch, e.sequence))]

    async def admitted(self) -> int:
        """How many events were let in."""
        count: int = await self.gateway.pool.fetchval("SELECT count(*) FROM admissions")
        return count

    async def holds(self, ids: Sequence[str]) -> None:
        """All of these are in the log, once each and in order, and have left the outbox."""
        assert await self.taken() == list(ids)
        with self.opened() as branch:
            status = branch.status()
        assert (status.waiting, status.unconfirmed, status.refused) == (0, 0, 0)


@pytest_asyncio.fixture(params=EITHER)
async def line(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> AsyncIterator[Line]:
    async with gateway_on_chosen_log(request, database) as gateway:
        gateway.clock.at = NOW
        transport = gateway.client._transport
        assert isinstance(transport, httpx2.ASGITransport)
        async with listening(transport.app) as port, cutting(port) as proxy:
            directory = tmp_path / "branch"
            await install(
                directory, proxy.port, gateway.token, gateway.pool, gateway.vault, gateway.clock
            )
            stride = 11 if request.param == "embedded" else 61  # each byte takes a minute
            yield Line(gateway, directory, proxy, stride)


def publish(branch: Branch, number: int) -> str:
    data: dict[str, object] = {
        "payment_id": f"P-{number}",
        "amount": {"minor": 40_000, "currency": "CNY"},
    }
    return branch.publish("payment.payment_received", data, subject=f"C-{number % 7}").event_id


async def send(branch: Branch) -> bool:
    """Send what waits; whether the line held."""
    try:
        await asyncio.to_thread(branch.deliver)
    except LineDown:
        return False
    return True


async def test_killed_twice_while_sending(line: Line) -> None:
    """Once while the answer to a batch is on its way, once while its receipt is."""
    with line.opened() as branch:
        ids = [publish(branch, number) for number in range(620)]
    for answers_before in (1, 2):  # of the connection: a receipt, then the batch, then a receipt
        line.proxy.answers_before_hold = answers_before
        line.proxy.held.clear()
        program = await agent("send", line.directory)
        await line.proxy.held.wait()
        program.kill()
        await program.wait()
        ids += [publish_by_another_program(line, 1_000 + answers_before)]
    line.proxy.answers_before_hold = None
    program = await agent("send", line.directory)
    assert await program.wait() == 0
    await line.holds(ids)


def publish_by_another_program(line: Line, number: int) -> str:
    with line.opened() as branch:
        return publish(branch, number)


async def test_a_line_cut_at_every_byte(line: Line) -> None:
    """Of a batch on its way, and of its answer, again and again until all of it passes."""
    with line.opened() as branch:
        branch.outbox._db.execute("PRAGMA synchronous = OFF")  # the disk is not what is tested
        ids: list[str] = []
        for direction in ("sent", "answered"):
            ids.append(publish(branch, len(ids)))
            branch.platform.close()  # a connection's cut is where it was when it was made
            for after in range(1, 100_000, line.stride):
                setattr(line.proxy, direction, after)
                if await send(branch):
                    break
            assert after > 300
            setattr(line.proxy, direction, None)
        assert await send(branch)
    await line.holds(ids)


async def test_a_swapped_disk_goes_on_in_an_epoch_of_its_own(line: Line) -> None:
    with line.opened() as branch:
        old = [publish(branch, number) for number in range(5)]
        assert await send(branch)
    for path in line.directory.glob("outbox.sqlite*"):
        path.unlink()
    with line.opened() as branch:
        new = [publish(branch, number) for number in range(3)]
        assert await send(branch)
        [known] = branch.status().sources
        assert known.epoch == 2
    await line.holds(old + new)


async def test_an_outbox_restored_from_last_week(line: Line) -> None:
    """What the copy held goes on; what was sent since is not sent again, nor are its numbers."""
    copy = line.directory.with_name("copy")
    with line.opened() as branch:
        before = [publish(branch, number) for number in range(4)]
    shutil.copytree(line.directory, copy)
    with line.opened() as branch:
        since = [publish(branch, number) for number in range(4, 10)]
        assert await send(branch)
    shutil.rmtree(line.directory)
    shutil.copytree(copy, line.directory)
    with line.opened() as branch:
        after = [publish(branch, number) for number in range(20, 23)]
        assert await send(branch)
    await line.holds(before + since + after)


@pytest.mark.parametrize("years", [-1, 1])
async def test_a_clock_a_year_wrong_is_corrected(line: Line, years: int) -> None:
    """Also where it is put right between publishing and sending."""
    clock = WrongClock(NOW + timedelta(days=365 * years))
    with line.opened(clock) as branch:
        publish(branch, 1)
        clock.passes(timedelta(hours=3))
        line.gateway.clock.at = NOW + timedelta(hours=3)
        assert await send(branch)
        publish(branch, 2)
        clock.passes(timedelta(hours=1))
        line.gateway.clock.at = NOW + timedelta(hours=4)
        clock.at = line.gateway.clock.at  # put right; the even clock does not jump
        assert await send(branch)
        ahead = branch.status().clock_ahead_s
    found = {e.envelope.sequence: e.envelope for e in await accepted_events(line.gateway.log)}
    assert found[1].created_at == NOW + timedelta(days=365 * years)
    assert found[1].effective_at == NOW
    assert found[2].effective_at == NOW + timedelta(hours=3)
    assert ahead == 0


async def test_refused_by_the_real_rules_and_mended(line: Line) -> None:
    with line.opened() as branch:
        ids = [publish(branch, 1)]
        wrong = branch.publish("payment.payment_received", {"payment_id": "P"}, subject="C-1")
        ids += [wrong.event_id, publish(branch, 3)]
        assert await send(branch)
        [one] = branch.refused()
        assert (one.event_id, one.field) == (wrong.event_id, "data.amount")
        branch.retry(one.event_id, {"payment_id": "P", "amount": {"minor": 5, "currency": "CNY"}})
        assert await send(branch)
    await line.holds(ids)


async def test_days_offline(line: Line) -> None:
    await _days_offline(line, 3_000)


@pytest.mark.bench
@pytest.mark.parametrize("line", ["embedded"], indirect=True)
async def test_thirty_days_offline(line: Line) -> None:
    await _days_offline(line, 50_000)


async def _days_offline(line: Line, events: int) -> None:
    """A line that goes down again and again while they are sent."""
    with line.opened() as branch:
        branch.outbox._db.execute("PRAGMA synchronous = OFF")  # the disk is not what is tested
        ids = [publish(branch, number) for number in range(events)]
        for part in (5, 3, 2):
            sending = asyncio.create_task(send(branch))
            while await line.admitted() < events // part:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
            line.proxy.goes_down()
            assert not await sending
            assert not await send(branch)
            line.proxy.is_down = False
        assert await send(branch)
    await line.holds(ids)


async def test_scenario_6_with_a_branch_that_is_offline_over_a_weekend(
    postgres_server: str, database: str, tmp_path: Path
) -> None:
    """Created Friday 17:12 by a clock 12 minutes fast, sent on Monday, killed twice on the way."""
    house = House(database, Way("in order"))
    await house.opens()
    try:
        await _scenario_6(house, tmp_path / "branch")
    finally:
        await house.closes()


async def _scenario_6(house: House, directory: Path) -> None:
    platform = house.platform
    _, token = await Keys(platform.pool, platform.clock).create(BRANCH)
    saturday, monday = "2026-03-07 00:00", "2026-03-09 08:59"
    raised = Entry("raised", 1, instant(saturday))
    clock = WrongClock(instant("2026-03-06 17:12"))
    async with listening(create_gateway(platform)) as port, cutting(port) as proxy:
        await install(directory, proxy.port, token, platform.pool, platform.vault, platform.clock)
        await house.hears(invoice("G", "400.00", due="2026-03-06"))
        with Branch(directory, clock=clock) as branch:
            paid = branch.publish(
                "payment.payment_received",
                {"payment_id": "P", "amount": {"minor": 40_000, "currency": "CNY"}},
                subject=CUSTOMER,
                event_id=event_id("P"),
            )
        await house.passes(saturday)
        assert await house.journal("overdue", "G") == [raised]
        await house.passes(monday)
        await house.shows(item("G", "400.00"), account(overdue="400.00"))

        await house.passes("2026-03-09 09:00")
        clock.passes(instant("2026-03-09 09:12") - instant("2026-03-06 17:12"))
        for answered in (20, 200):  # the line is cut, and the program ends
            proxy.answered = answered
            with Branch(directory, clock=clock) as branch:
                assert not await send(branch)
        proxy.answered = None
        with Branch(directory, clock=clock) as branch:
            assert await send(branch)
            assert branch.status().waiting == 0
        assert paid.event_id == event_id("P")
    await house.shows(item("G", "0.00"), account(overdue="0.00"))
    withdrawn = Entry("withdrawn", 1, instant("2026-03-09 09:00"), "paid", event_id("P"))
    assert await house.journal("overdue", "G") == [raised, withdrawn]
    await house.was_shown("2026-03-07", account(overdue="0.00"))
    await house.was_shown(monday, account(overdue="400.00"), as_known=monday)
