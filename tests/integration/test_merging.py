"""Customers merged and parted by command: all of it in the log, and never in a circle."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from events.cases.staff import Staff
from events.customers.identity import Identity
from events.customers.merging import Command, Merge, Unmerge
from events.envelope import CustomerId, PositionVector
from events.facts import fact_of
from events.money import Money
from events.refusals import Refused
from events.streams import customer_stream
from events.touchpoints.customer import CustomerErased, CustomerMerged, CustomerUnmerged
from events.touchpoints.payment import PaymentReceived
from services.casework.executing import Answer, Done, Streams
from services.casework.identity import Identities
from services.casework.ordering import CommandOn
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.settings import Settings
from tests.support.casework import Desk, desk_on_chosen_log
from tests.support.groups import FAMILY, NEIGHBOUR
from tests.support.log import START, SetClock, payment, submission
from tests.support.modes import EITHER, catch_up, chosen_log

pytestmark = pytest.mark.postgres

HEADQUARTERS = Staff("agent-1", None, None, frozenset({"headquarters"}))
X, Y, Z = FAMILY


class Office:
    """Headquarters, which says who is who; numbers its commands by itself."""

    def __init__(self, platform: Platform, settings: Settings, clock: SetClock) -> None:
        self.platform = platform
        self.settings = settings
        self.clock = clock
        streams = Streams(platform.streams, platform.vault, clock)
        self.identities = Identities(platform, streams)
        self._sent = 0

    async def asks(self, customer: CustomerId, command: Command, key: str | None = None) -> Answer:
        self._sent += 1
        key = key or f"key-{self._sent}"
        return await self.identities.execute(
            CommandOn(on=customer, command=command, by=HEADQUARTERS, key=key)
        )

    async def refuses(self, customer: CustomerId, command: Command) -> Refused:
        answer = await self.asks(customer, command)
        assert isinstance(answer, Refused), answer
        return answer

    async def does(self, customer: CustomerId, command: Command, key: str | None = None) -> Done:
        answer = await self.asks(customer, command, key)
        assert isinstance(answer, Done), answer
        return answer

    async def identity(self) -> Identity:
        """Who is who by the streams alone."""
        streams = Streams(self.platform.streams, self.platform.vault, self.clock)
        found = {one: await streams.events(customer_stream(one)) for one in (*FAMILY, NEIGHBOUR)}
        return Identity({one: [fact_of(event) for event in some] for one, some in found.items()})


@pytest.fixture(params=EITHER)
async def office(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Office]:
    clock = SetClock(START + timedelta(days=1))
    async with (
        chosen_log(request, Settings(dsn=database)) as settings,
        open_platform(settings, clock=clock) as platform,
    ):
        told = [payment(n, one) for n, one in enumerate((*FAMILY, NEIGHBOUR), 1)]
        await platform.log.append(told)
        await catch_up(platform, settings)
        yield Office(platform, settings, clock)


async def test_two_are_merged_and_parted_again_and_a_repeat_does_nothing(office: Office) -> None:
    done = await office.does(Y, Merge(into=X, reason="same person"), "once")
    [merged] = [event.data for event in done.own]
    assert merged == CustomerMerged(into=X, reason="same person", by=HEADQUARTERS.agent)
    again = await office.does(Y, Merge(into=X, reason="same person"), "once")
    assert again.replayed
    office.clock.move(timedelta(hours=1))
    undone = await office.does(Y, Unmerge())
    assert [event.data for event in undone.own] == [
        CustomerUnmerged(out_of=X, by=HEADQUARTERS.agent)
    ]
    assert (await office.refuses(Y, Unmerge())).rule == "not_merged"


async def test_whoever_is_no_root_is_refused_and_its_root_is_named(office: Office) -> None:
    await office.does(Y, Merge(into=X))
    for customer, into in ((Z, Y), (Y, Z), (X, Y)):
        refused = await office.refuses(customer, Merge(into=into))
        assert (refused.rule, refused.named["root"]) == ("not_a_root", X)
    assert (await office.refuses(Z, Merge(into="C-nobody"))).rule == "unknown_customer"


async def test_what_branches_published_counts_too(office: Office) -> None:
    erased = CustomerErased(receipt="r")
    told = [submission(11, CustomerMerged(into=X), Y), submission(12, erased, Z)]
    await office.platform.log.append(told)
    await catch_up(office.platform, office.settings)
    assert (await office.refuses(NEIGHBOUR, Merge(into=Y))).named["root"] == X
    assert (await office.refuses(Z, Merge(into=X))).rule == "erased"


async def test_a_clock_that_goes_back_does_not_undo_a_merge(office: Office) -> None:
    await office.does(Y, Merge(into=X))
    office.clock.move(timedelta(hours=-2))
    assert (await office.refuses(X, Merge(into=Y))).rule == "not_a_root"
    await office.does(X, Merge(into=Z))
    identity = await office.identity()
    assert {(edge.member, edge.into) for edge in identity.edges} == {(Y, X), (X, Z)}
    office.clock.move(timedelta(hours=9))
    assert identity.root_at(Y, office.clock.now()) == Z


async def test_a_reader_waits_for_both_partitions(office: Office) -> None:
    done = await office.does(Y, Merge(into=X))
    reached = await office.identities.reached(done)
    assert sum(1 for count in reached.counts if count) == 2
    await catch_up(office.platform, office.settings)
    assert (await office.platform.log.heads()).reaches(reached)


async def test_rivals_never_close_a_circle_and_nothing_acknowledged_is_void(
    office: Office,
) -> None:
    dice = random.Random(3)
    everybody = (*FAMILY, NEIGHBOUR)
    merges = unmerges = 0
    for _ in range(25):
        office.clock.move(timedelta(seconds=dice.choice((-1, 0, 1, 5))))

        async def rival() -> tuple[int, int]:
            customer = dice.choice(everybody)
            command: Command = Merge(into=dice.choice(everybody))
            if dice.random() < 0.4:
                command = Unmerge()
            answer = await office.asks(customer, command)
            if not isinstance(answer, Done):
                return 0, 0
            return (1, 0) if isinstance(command, Merge) else (0, 1)

        for merged, unmerged in await asyncio.gather(*(rival() for _ in range(8))):
            merges, unmerges = merges + merged, unmerges + unmerged
    identity = await office.identity()
    assert merges > 10
    assert len(identity.edges) == merges, "a merge that was acknowledged counts"
    assert sum(edge.until is not None for edge in identity.edges) == unmerges
    for change in identity.changes:
        for customer in everybody:
            assert len(set(identity.way_at(customer, change.at))) <= len(everybody)


@pytest.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def test_headquarters_merges_over_http_and_nobody_else(desk: Desk) -> None:
    for n, customer in enumerate((X, Y)):
        paid = PaymentReceived(payment_id=f"P-{n}", amount=Money(1, "CNY"))
        await desk.publish(paid, f"paid {n}", customer=customer)
    await catch_up(desk.platform, desk.settings)

    refused = await desk.give(Y, "merge", {"into": X}, by="money-1", of="customers")
    assert (refused.status_code, refused.json()["rule"]) == (409, "for_headquarters")
    answer = await desk.give(Y, "merge", {"into": X}, by="hq-1", key="once", of="customers")
    assert answer.status_code == 200, answer.text
    assert [event["type"] for event in answer.json()["events"]] == ["customer.merged"]
    token = PositionVector.from_token(answer.headers["touchstone-position"])
    assert sum(1 for count in token.counts if count) == 2
    again = await desk.give(Y, "merge", {"into": X}, by="hq-1", key="once", of="customers")
    assert again.headers["idempotency-replayed"] == "true"
    stranger = await desk.give(X, "merge", {"into": "C-0"}, by="hq-1", of="customers")
    assert (stranger.status_code, stranger.json()["rule"]) == (404, "unknown_customer")
    parted = await desk.give(Y, "unmerge", by="hq-1", of="customers")
    assert parted.status_code == 200, parted.text
    told = await desk.give(Y, "unmerge", by="hq-1", of="customers", accept_language="zh-CN")
    assert told.json()["rule"] == "not_merged"
    assert "没有并入" in told.json()["detail"]
