"""A scripted exchange that replays real calls: who is shown what, in order, and what stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import msgspec
import pytest

from events.codec import decode
from events.envelope import BranchId
from events.touchpoints.contact import CallEnded
from events.touchpoints.customer import CustomerRegistered
from services.connectors.calls.lines import lines_of
from services.connectors.calls.listening import ExchangeLine
from services.connectors.calls.pops import Pops
from services.connectors.document import Feed, Setting
from services.connectors.feeds import Feeds
from services.console.app import create_console
from services.search.follower import SearchFollower
from tests.support.console import RULES, Company, open_company
from tests.support.exchange import SECRET, Event, Exchange, exchange, trace

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
CALL = "1795980241.7"
SETTINGS: dict[str, Setting] = {
    "trunks": ["SIP/trunk"],
    "agents": {"SIP/agent1": "A-1", "SIP/agent2": "A-2"},
    "lines": {"4000": "hotline", "4100": "queue support"},
    "user": "touchstone",
}


@dataclass
class Listening:
    company: Company
    exchange: Exchange
    line: ExchangeLine
    pops: Pops

    async def screens(self) -> dict[str, list[tuple[str, tuple[str, ...], str | None, bool]]]:
        """Return what is on whose screen: the call, whose number, the number, whether taken."""
        found = await self.pops.of(["A-1", "A-2"])
        return {
            staff: [(one.call_id, one.customers, one.phone, one.is_taken) for one in some]
            for staff, some in found.items()
        }

    async def until_screens(self, **wanted: list[tuple[tuple[str, ...], bool]]) -> None:
        """Return once the screens show these customers, taken or not."""
        named = {name.replace("_", "-"): some for name, some in wanted.items()}
        async with asyncio.timeout(60):
            while True:
                found = await self.screens()
                if {k: [(w, t) for _, w, _, t in v] for k, v in found.items()} == named:
                    return
                await asyncio.sleep(0.01)

    async def calls(self) -> list[tuple[str | None, CallEnded]]:
        """Return the calls that are recorded, with whose they are."""
        rows = await self.company.platform.pool.fetch(
            "SELECT customer_id, data FROM events WHERE type = 'contact.call_ended'"
            " ORDER BY effective_at, event_id"
        )
        found = []
        for row in rows:
            data = decode(row["data"])
            assert isinstance(data, CallEnded)
            found.append((row["customer_id"], data))
        return found

    async def until_over(self, calls: int) -> None:
        """Return once so many calls were recorded or counted as incomplete."""
        recorder = self.line.recorder
        async with asyncio.timeout(60):
            while recorder.recorded + recorder.incomplete < calls:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(database: str, **more: Setting) -> AsyncIterator[Listening]:
    async with open_company(database, NOW) as company, exchange() as scripted:
        await company.report(None, *RULES, branch="HQ")
        for customer, phone in (("C-1", "138 0013 8000"), ("C-2", "010-62345678")):
            registered = CustomerRegistered(home_branch="SH")
            await company.report(customer, registered, personal={"name": "王", "phone": phone})
        await company.project()
        while await SearchFollower(company.platform).step():
            pass
        feed = Feed(
            name="pbx-1", format="asterisk", branch=BranchId("SH"), zone="UTC",
            settings=SETTINGS | {"manager": scripted.address} | more,
        )  # fmt: skip
        feeds = Feeds(company.platform)
        await feeds.add(feed, "test")
        await feeds.add_secret("pbx-1", SECRET, "test")

        async def secrets() -> Sequence[object]:
            return await feeds.secrets("pbx-1")

        line = ExchangeLine(company.platform, feed, secrets, first_pause_s=0.01)  # type: ignore[arg-type]
        task = asyncio.create_task(line.run())
        try:
            yield Listening(company, scripted, line, Pops(company.platform))
        finally:
            assert not task.done() or task.exception() is None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def until(events: Sequence[Event], name: str, channel: str) -> int:
    """Return the place after the first event of a name at a channel."""
    return 1 + next(
        i
        for i, one in enumerate(events)
        if one["Event"] == name and channel in (one.get("DestChannel", "") + one["Channel"])
    )


async def test_a_call_pops_up_is_taken_handed_on_and_goes_and_is_recorded_once(
    database: str,
) -> None:
    events = trace("blind")
    async with listening(database) as told:
        rings = until(events, "DialBegin", "agent1")
        await told.exchange.play(events[:rings])
        await told.until_screens(A_1=[(("C-1",), False)])
        assert await told.screens() == {"A-1": [(CALL, ("C-1",), "+8613800138000", False)]}
        takes = until(events, "BridgeEnter", "agent1")
        await told.exchange.play(events[rings:takes])
        await told.until_screens(A_1=[(("C-1",), True)])
        handed_on = until(events, "DialBegin", "agent2")
        await told.exchange.play(events[takes:handed_on])
        await told.until_screens(A_1=[(("C-1",), True)], A_2=[(("C-1",), False)])
        again = until(events, "BridgeEnter", "agent2")
        await told.exchange.play(events[handed_on:again])
        await told.until_screens(A_2=[(("C-1",), True)])
        await told.exchange.play(events[again:])
        await told.until_screens()
        await told.until_over(1)
        [(customer, call)] = await told.calls()
        assert customer == "C-1"
        assert (call.outcome, call.agents, call.transfer) == ("answered", ("A-1", "A-2"), "blind")
        assert (call.talked_seconds, call.line) == (4, "hotline")
        assert call.sealed is not None
        assert b"13800138000" not in call.sealed
        [line] = await lines_of(told.company.platform.pool, NOW)
        assert line.is_well


async def test_a_queue_rings_at_two_and_its_loss_is_counted_once(database: str) -> None:
    events = trace("abandon")
    async with listening(database) as told:
        rings = until(events, "DialBegin", "agent1")
        await told.exchange.play(events[:rings])
        await told.until_screens(A_1=[(("C-1",), False)], A_2=[(("C-1",), False)])
        await told.exchange.play(events[rings:])
        await told.until_screens()
        await told.until_over(1)
        [(customer, call)] = await told.calls()
        assert (customer, call.outcome, call.talked_seconds) == ("C-1", "abandoned", 0)


async def test_a_number_of_nobodys_is_shown_and_recorded_as_nobodys(database: str) -> None:
    events = trace("blind", number="95588")
    async with listening(database) as told:
        await told.exchange.play(events[: until(events, "DialBegin", "agent1")])
        await told.until_screens(A_1=[((), False)])
        assert (await told.screens())["A-1"][0][2] == "95588"
        await told.exchange.play(events[until(events, "DialBegin", "agent1") :])
        await told.until_over(1)
        [(customer, _)] = await told.calls()
        assert customer is None


def calls_at_once(count: int) -> list[list[Event]]:
    """Return so many calls, each under a number of its own."""
    return [trace(("blind", "abandon")[i % 2], f"17959{i:05}.7") for i in range(count)]


def mixed(calls: Sequence[Sequence[Event]]) -> list[Event]:
    """Return the events of calls that run at once, each call's in its order."""
    longest = max(map(len, calls))
    return [call[i] for i in range(longest) for call in calls if i < len(call)]


async def test_many_calls_at_once_are_each_recorded_once(database: str) -> None:
    calls = calls_at_once(20)
    async with listening(database) as told:
        await told.exchange.play(mixed(calls))
        await told.until_over(20)
        found = await told.calls()
        assert sorted(one.outcome for _, one in found) == ["abandoned"] * 10 + ["answered"] * 10
        assert {customer for customer, _ in found} == {"C-1"}
        await told.until_screens()


async def test_calls_that_went_on_while_the_line_was_cut_are_counted_and_never_guessed(
    database: str,
) -> None:
    before, across, after = calls_at_once(6)[:2], calls_at_once(6)[2:4], calls_at_once(6)[4:]
    half = mixed(across)
    async with listening(database) as told:
        await told.exchange.play([*mixed(before), *half[:40]])
        await told.until_over(2)
        told.exchange.channels = [call[1] for call in across]  # they go on
        await told.exchange.cut()
        await told.exchange.play([*half[56:], *mixed(after)])  # what lay between is lost
        await told.until_over(6)
        assert told.exchange.log_ins == 2
        assert (told.line.recorder.recorded, told.line.recorder.incomplete) == (4, 2)
        kept = {one.call_id for _, one in await told.calls()}
        assert kept == {f"pbx-1:17959{i:05}.7" for i in (0, 1, 4, 5)}
        [line] = await lines_of(told.company.platform.pool, NOW)
        assert line.connects == 2


async def test_what_was_missed_is_taken_from_the_exchanges_own_log(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    calls = calls_at_once(4)
    log = tmp_path_factory.mktemp("asterisk") / "cel.jsonl"
    rows = [msgspec.json.encode(one) for call in calls for one in call if one["Event"] == "CEL"]
    log.write_bytes(b"\n".join(rows))
    events = mixed(calls)
    async with listening(database, log_file=str(log)) as told:
        await told.exchange.play(events[:50])
        await told.exchange.cut()
        await told.exchange.heard()  # all of them ended meanwhile: the exchange has no channel left
        await told.until_over(4)
        assert told.line.recorder.incomplete == 0
        assert len(await told.calls()) == 4


async def test_calls_that_ended_while_the_line_was_cut_leave_the_screens(database: str) -> None:
    events = trace("blind")
    async with listening(database) as told:
        await told.exchange.play(events[: until(events, "BridgeEnter", "agent1")])
        await told.until_screens(A_1=[(("C-1",), True)])
        told.exchange.channels = [
            {
                "Channel": "SIP/trunk-00000005",
                "Uniqueid": CALL,
                "Linkedid": CALL,
                "CallerIDNum": "13800138000",
                "Exten": "4000",
            }
        ]
        await told.exchange.cut()
        await told.exchange.heard()
        await told.until_screens(A_1=[(("C-1",), True)])  # it goes on
        told.exchange.channels = []
        await told.exchange.cut()
        await told.exchange.heard()
        await told.until_screens()


async def test_a_refused_log_in_is_told_and_tried_again(database: str) -> None:
    async with listening(database) as told:
        await told.exchange.heard()
        await Feeds(told.company.platform).add_secret("pbx-1", "wrong", "test")
        await told.exchange.cut()
        async with asyncio.timeout(60):
            while True:
                [line] = await lines_of(told.company.platform.pool, NOW)
                if line.reason is not None and "Authentication failed" in line.reason:
                    break
                await asyncio.sleep(0.05)
        assert not line.is_well
        transport = httpx2.ASGITransport(app=create_console(told.company.platform))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = (await client.get("/status", headers={"accept-language": "en"})).text
        assert "no calls are heard" in page
        assert "Authentication failed" in page
        await Feeds(told.company.platform).end_secret("pbx-1", 2, "test")
        await told.exchange.heard()
        assert told.exchange.log_ins == 2
