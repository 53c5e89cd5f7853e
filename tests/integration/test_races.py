"""What others do between a decision's reading and its writing: it is seen, whichever door it took.

Nothing here races with the machine: the other one acts at the very moment, through the log.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, cast

import pytest
import pytest_asyncio

from events.cases.commands import HoldDunning
from events.cases.staff import Staff
from events.cases.terms import native_case_id
from events.customers.account_commands import CheckCredit
from events.customers.identity import Identity
from events.customers.merging import Merge, Unmerge
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.facts import Fact
from events.money import Money
from events.refusals import Refused
from events.streams import case_stream
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseAssigned, CaseReplied, ComplaintFiled
from events.touchpoints.customer import CustomerErased, CustomerMerged, CustomerUnmerged
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import CreditChecked, CreditLimitSet, InvoiceIssued, PaymentReceived
from services.casework.accounts import Accounts
from services.casework.cases import Cases
from services.casework.customers import Customers
from services.casework.executing import Done, Streams
from services.casework.identity import Identities
from services.casework.openings import Openings
from services.casework.ordering import CommandOn
from services.casework.parked_work import WORKS, ParkedWork
from services.casework.rulebook import Rulebook
from services.intake.answers import Answer
from services.intake.draft import Draft, Scope
from services.intake.intake import Intake
from services.log.who_is_who import ways_of
from services.ports import Beyond, EventLog
from services.streams.application import LogApplication
from tests.support.casework import BRANCH, CUSTOMER, MONDAY, Desk, desk_on_chosen_log
from tests.support.given import event_id
from tests.support.interleaved import Act, interleaved
from tests.support.modes import EITHER, catch_up
from tests.support.unreadable import append_unreadable

pytestmark = pytest.mark.postgres

OTHER = CustomerId("C-2")
ROOT = CustomerId(CUSTOMER)
DUE = MONDAY.date() + timedelta(days=30)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def invoice(name: str, minor: int) -> InvoiceIssued:
    return InvoiceIssued(invoice_id=name, amount=cny(minor), due_on=DUE)


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


_APPLICATIONS: list[LogApplication] = []


def streams_over(desk: Desk, log: EventLog) -> Streams:
    """Commands over a log, until the test is over."""
    _APPLICATIONS.append(LogApplication(log))
    return Streams(_APPLICATIONS[-1], desk.platform.vault, desk.clock)


@pytest.fixture(autouse=True)
def applications() -> Iterator[None]:
    yield
    while _APPLICATIONS:
        _APPLICATIONS.pop().close()


def published(
    desk: Desk, data: Touchpoint, customer: str = CUSTOMER, *, seen: bool = True
) -> Callable[[], Awaitable[None]]:
    """An act: a branch publishes something, and where a mirror follows the log, it has it."""

    async def act() -> None:
        await desk.publish(data, f"{customer} {data}", customer=customer)
        if seen:
            await catch_up(desk.platform, desk.settings)

    return act


# --- credit


async def checks(
    desk: Desk, minor: int, *acts: Act, customer: str = CUSTOMER, key: str = "asked"
) -> CreditChecked:
    """What the gate says to whoever asks, while others act between its reading and its answer."""
    platform = desk.platform
    log = interleaved(platform.log, *acts)
    accounts = Accounts(
        streams_over(desk, log),
        Customers(platform.log, platform.pool),
    )
    order = CommandOn(
        on=customer,
        command=CheckCredit(purpose="order", amount=cny(minor)),
        by=Staff("orders-1", None, BRANCH, frozenset({"order_entry"})),
        key=key,
    )
    await catch_up(platform, desk.settings)
    reference = await Rulebook(platform.pool).reference()
    answer = await accounts.execute(order, reference, desk.clock.now())
    assert isinstance(answer, Done), answer
    assert log.all_acted  # type: ignore[attr-defined]
    [event] = answer.own
    assert isinstance(event.data, CreditChecked)
    return event.data


def told(checked: CreditChecked) -> tuple[int, bool]:
    return checked.exposure.minor, checked.approved


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (OrderPlaced(order_id="O-1", amount=cny(50_00)), (50_00, False)),
        (invoice("I-1", 50_00), (50_00, False)),
        (CreditLimitSet(limit=cny(10_00)), (0, False)),
        (PaymentReceived(payment_id="P-1", amount=cny(5_00)), (0, True)),
    ],
    ids=["an order", "an invoice", "a lower limit", "a payment"],
)
async def test_what_a_branch_publishes_while_credit_is_checked_counts(
    desk: Desk, data: Touchpoint, expected: tuple[int, bool]
) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    assert told(await checks(desk, 60_00, published(desk, data))) == expected


async def test_a_payment_that_comes_while_credit_is_checked_makes_room(desk: Desk) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    await desk.publish(invoice("I-1", 90_00), "invoice")
    paid = PaymentReceived(payment_id="P-1", amount=cny(90_00))
    assert told(await checks(desk, 60_00, published(desk, paid))) == (0, True)


async def test_what_a_member_of_the_group_orders_meanwhile_counts(desk: Desk) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer=OTHER)
    desk.clock.move(timedelta(minutes=1))
    order = OrderPlaced(order_id="O-1", amount=cny(50_00))
    assert told(await checks(desk, 60_00, published(desk, order, OTHER))) == (50_00, False)


async def test_what_others_do_meanwhile_does_not_matter(desk: Desk) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    strangers = [f"S-{n}" for n in range(20)]  # in every partition

    async def act() -> None:
        for one in strangers:
            await desk.publish(OrderPlaced(order_id=one, amount=cny(50_00)), one, customer=one)

    assert told(await checks(desk, 60_00, act)) == (0, True)


def merging(desk: Desk, by_command: bool) -> Act:
    """An act: the other customer is merged into the one that is asked about, or the reverse."""

    async def act() -> None:
        if by_command:
            answer = await desk.give(OTHER, "merge", {"into": CUSTOMER}, by="hq-1", of="customers")
            assert answer.status_code == 200, answer.text
        else:
            await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer=OTHER)
        desk.clock.move(timedelta(minutes=1))
        await catch_up(desk.platform, desk.settings)

    return act


@pytest.mark.parametrize("by_command", [True, False], ids=["commanded", "published"])
@pytest.mark.parametrize("customer", [ROOT, OTHER])
async def test_who_is_merged_while_credit_is_checked_counts(
    desk: Desk, customer: CustomerId, by_command: bool
) -> None:
    """Also where that makes the account another one's: the root's limit holds, and its stream."""
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    for name in (ROOT, OTHER):
        await desk.publish(invoice(f"I-{name}", 40_00), f"invoice {name}", customer=name)
    checked = await checks(desk, 30_00, merging(desk, by_command), customer=customer)
    assert told(checked) == (80_00, False)
    [*_, last] = await desk.platform.log.stream(f"/customers/{CUSTOMER}")
    assert last.envelope.type == "payment.credit_checked"


async def test_who_checks_first_takes_the_last_of_a_limit(desk: Desk) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    rival: list[tuple[int, bool]] = []

    async def act() -> None:
        rival.append(told(await checks(desk, 60_00, key="rival")))
        await catch_up(desk.platform, desk.settings)

    assert told(await checks(desk, 60_00, act)) == (60_00, False)
    assert rival == [(0, True)]


async def test_rival_checks_of_two_members_cannot_both_take_the_last(desk: Desk) -> None:
    await desk.publish(CreditLimitSet(limit=cny(100_00)), "limit")
    await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer=OTHER)
    desk.clock.move(timedelta(minutes=1))

    async def act() -> None:
        assert told(await checks(desk, 60_00, customer=OTHER, key="rival")) == (0, True)
        await catch_up(desk.platform, desk.settings)

    assert told(await checks(desk, 60_00, act)) == (60_00, False)


async def test_an_exposure_is_that_of_all_that_stands_before_it_in_the_log(desk: Desk) -> None:
    """Checks and orders side by side, in one group and in several: each sees who came before."""
    platform = desk.platform
    await desk.publish(CreditLimitSet(limit=cny(10_000_00)), "limit")
    await catch_up(platform, desk.settings)
    orders = [OrderPlaced(order_id=f"O-{n}", amount=cny(7_00)) for n in range(30)]

    async def ordering() -> None:
        for one in orders:
            await desk.publish(one, one.order_id)

    async def checking() -> None:
        for n in range(6):
            body = {"purpose": "order", "amount": {"minor": 11_00, "currency": "CNY"}}
            answer = await desk.give(
                CUSTOMER, "check-credit", body, by="orders-1", of="customers", key=f"check-{n}"
            )
            assert answer.status_code in (200, 503), answer.text
            await catch_up(platform, desk.settings)

    await asyncio.gather(ordering(), checking())
    await catch_up(platform, desk.settings)
    await checks(desk, 11_00, key="last")
    await catch_up(platform, desk.settings)
    exposure = 0
    rows = await platform.pool.fetch(
        "SELECT type FROM events WHERE customer_id = $1 ORDER BY n", CUSTOMER
    )
    seen = [
        event.data.exposure.minor
        for event in await Streams(platform.streams, platform.vault, desk.clock).events(
            f"/customers/{CUSTOMER}"
        )
        if isinstance(event.data, CreditChecked)
    ]
    expected = []
    for row in rows:
        if row["type"] == "payment.credit_checked":
            expected.append(exposure)
            exposure += 11_00
        elif row["type"] == "order.placed":
            exposure += 7_00
    assert seen == expected
    assert seen[-1] >= 30 * 7_00


async def test_an_invoice_that_is_paid_while_its_reminders_are_held_is_open_no_more(
    desk: Desk,
) -> None:
    case_id = await desk.case()
    await desk.publish(invoice("I-1", 40_00), "invoice")
    await catch_up(desk.platform, desk.settings)
    paid = PaymentReceived(payment_id="P-1", amount=cny(40_00))
    platform = desk.platform
    log = interleaved(platform.log, published(desk, paid))
    cases = Cases(streams_over(desk, log), platform.log, platform.pool)
    order = CommandOn(
        on=case_id,
        command=HoldDunning(invoice_id="I-1"),
        by=Staff("service-1", "service", BRANCH, frozenset()),
        key="held",
    )
    answer = await cases.execute(order, await Rulebook(platform.pool).reference())
    assert isinstance(answer, Refused), answer
    assert answer.rule == "no_open_invoice"


# --- who is who


class Company:
    """Headquarters commands who is who, and a branch publishes it; both number what they say."""

    def __init__(self, desk: Desk, log: EventLog | None = None) -> None:
        platform = desk.platform
        self.desk = desk
        self.log = log or platform.log
        streams = streams_over(desk, self.log)
        self.identities = Identities(platform, streams)
        self.intake = Intake(self.log, platform.vault, desk.clock, platform.pool)

    _numbers = count(1)

    async def commands(self, customer: str, command: Merge | Unmerge) -> bool:
        """Whether a command was done."""
        answer = await self.identities.execute(
            CommandOn(
                on=customer,
                command=command,
                by=Staff("hq-1", None, None, frozenset({"headquarters"})),
                key=f"key {next(self._numbers)}",
            )
        )
        return isinstance(answer, Done)

    def draft(self, customer: str, data: Touchpoint, *, before: timedelta = timedelta(0)) -> Draft:
        """What a branch would publish, so long after it was so."""
        at = self.desk.clock.now() - before
        number = next(self._numbers)
        envelope = Envelope(
            id=EventId(event_id(f"move {number}")),
            source=f"/branches/{BRANCH}/office",
            type=data.event_type,
            subject=CustomerId(customer),
            branch_id=BranchId(BRANCH),
            epoch=0,
            sequence=number,
            created_at=at,
            effective_at=at,
        )
        return Draft(envelope, data)

    async def publishes(self, *drafts: Draft) -> list[Answer]:
        return await self.intake.submit_validated(Scope(BRANCH), drafts)

    async def edges(self) -> set[tuple[str, str]]:
        """Which merges count and are in force, by all that the log holds."""
        platform = self.desk.platform
        found: dict[CustomerId, list[Fact]] = {}
        for one in (ROOT, OTHER, CustomerId("C-3"), CustomerId("C-4")):
            ways = await ways_of(platform.log, platform.pool, [one])
            found[one] = [*ways.told[one]]
        edges = Identity(found).edges
        return {(edge.member, edge.into) for edge in edges if edge.until is None}


@pytest_asyncio.fixture
async def company(desk: Desk) -> Company:
    for one in (CUSTOMER, OTHER, "C-3", "C-4"):
        await desk.publish(PaymentReceived(payment_id=one, amount=cny(1)), one, customer=one)
    return Company(desk)


async def test_what_is_published_while_a_merge_is_decided_is_seen(company: Company) -> None:
    async def act() -> None:
        [answer] = await company.publishes(company.draft(CUSTOMER, CustomerMerged(into=OTHER)))
        assert answer.status == "accepted", answer

    rival = Company(company.desk, interleaved(company.log, act))
    assert not await rival.commands(OTHER, Merge(into=CUSTOMER))
    assert await company.edges() == {(CUSTOMER, OTHER)}


async def test_what_is_commanded_while_a_merge_is_published_is_seen(company: Company) -> None:
    async def act() -> None:
        assert await company.commands(OTHER, Merge(into=CUSTOMER))

    rival = Company(company.desk, interleaved(company.log, act))
    [answer] = await rival.publishes(company.draft(CUSTOMER, CustomerMerged(into=OTHER)))
    assert (answer.status, answer.code) == ("refused", "inconsistent"), answer
    assert await company.edges() == {(OTHER, CUSTOMER)}


async def test_of_two_branches_that_merge_each_into_the_other_one_is_let_in(
    company: Company,
) -> None:
    one, other = (
        company.draft(CUSTOMER, CustomerMerged(into=OTHER)),
        company.draft(OTHER, CustomerMerged(into=CUSTOMER)),
    )
    [first], [second] = await asyncio.gather(company.publishes(one), company.publishes(other))
    assert sorted((first.status, second.status)) == ["accepted", "refused"]
    assert len(await company.edges()) == 1
    [again], [once_more] = await company.publishes(one), await company.publishes(other)
    assert sorted((again.status, once_more.status)) == ["duplicate", "refused"]


async def test_three_in_one_go_do_not_close_a_circle(company: Company) -> None:
    ring = ((CUSTOMER, OTHER), (OTHER, "C-3"), ("C-3", CUSTOMER))
    answers = await company.publishes(
        *(company.draft(one, CustomerMerged(into=into)) for one, into in ring)
    )
    assert [answer.status for answer in answers] == ["accepted", "accepted", "refused"]
    assert await company.edges() == set(ring[:2])


async def test_who_was_parted_in_the_same_go_may_be_merged_again(company: Company) -> None:
    merged = company.draft(CUSTOMER, CustomerMerged(into=OTHER), before=timedelta(hours=2))
    parted = company.draft(CUSTOMER, CustomerUnmerged(out_of=OTHER), before=timedelta(hours=1))
    again = company.draft(CUSTOMER, CustomerMerged(into="C-3"))
    answers = await company.publishes(merged, parted, merged, again, again)
    assert [answer.status for answer in answers] == [
        "accepted", "accepted", "duplicate", "accepted", "duplicate",
    ]  # fmt: skip
    assert await company.edges() == {(CUSTOMER, "C-3")}


async def test_moves_of_one_customer_keep_their_order_whatever_comes_before_them(
    company: Company,
) -> None:
    """The first of three waits for a neighbour, with which the last has nothing to do."""
    neighbour = company.draft(CUSTOMER, CustomerMerged(into=OTHER), before=timedelta(hours=3))
    merged = company.draft("C-3", CustomerMerged(into=OTHER), before=timedelta(hours=2))
    parted = company.draft("C-3", CustomerUnmerged(out_of=OTHER), before=timedelta(hours=1))
    again = company.draft("C-3", CustomerMerged(into="C-4"))
    answers = await company.publishes(neighbour, merged, parted, again)
    assert [answer.status for answer in answers] == ["accepted"] * 4, answers
    assert await company.edges() == {(CUSTOMER, OTHER), ("C-3", "C-4")}


async def test_each_of_many_merged_into_one_is_looked_up_once_or_twice(company: Company) -> None:
    log = _Counting(company.log)
    branch = Company(company.desk, cast("EventLog", log))
    moves = [branch.draft(f"C-{n}", CustomerMerged(into=CUSTOMER)) for n in range(100, 120)]
    assert {one.status for one in await branch.publishes(*moves)} == {"accepted"}
    assert log.looks <= 2 * len(moves)
    log.looks = 0
    assert {one.status for one in await branch.publishes(*moves)} == {"duplicate"}
    assert log.looks <= 2 * len(moves)


class _Counting:
    """A log; counts how often it was asked for what the events table does not have."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.looks = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the log's
        return getattr(self._log, name)

    async def beyond(self, customers: Sequence[str], *, whole: bool = False) -> Beyond:
        self.looks += 1
        return await self._log.beyond(customers, whole=whole)


async def test_who_loses_against_others_but_gets_on_is_not_sent_away(company: Company) -> None:
    """Somebody is faster before each of six merges, and each is let in when it is tried again."""
    desk = company.desk

    async def nobody() -> None:
        """Let the repeated attempt through."""

    acts: list[Act] = []
    for n in range(6):
        acts += [published(desk, PaymentReceived(payment_id=f"P-{n}", amount=cny(1))), nobody]
    rival = Company(desk, interleaved(company.log, *acts))
    moves = [rival.draft(f"C-{n}", CustomerMerged(into=CUSTOMER)) for n in range(100, 106)]
    assert {one.status for one in await rival.publishes(*moves)} == {"accepted"}


async def test_a_move_of_whom_an_event_cannot_be_read_is_refused_alone(company: Company) -> None:
    desk = company.desk
    await append_unreadable(
        desk.platform, desk.settings, CustomerMerged(into=OTHER), "broken", CUSTOMER
    )
    await catch_up(desk.platform, desk.settings)
    broken = company.draft(CUSTOMER, CustomerMerged(into="C-3"))
    after = company.draft("C-4", CustomerMerged(into="C-3"))
    payment = company.draft(CUSTOMER, PaymentReceived(payment_id="P-9", amount=cny(1)))
    answers = await company.publishes(broken, after, payment)
    assert [answer.status for answer in answers] == ["refused", "accepted", "accepted"], answers
    assert (answers[0].code, answers[0].quarantined) == ("inconsistent", True)


async def test_what_is_published_late_makes_no_acknowledged_merge_void(company: Company) -> None:
    """A branch was offline: by its clock its merge is the earlier one."""
    company.desk.clock.move(timedelta(hours=1))
    assert await company.commands(OTHER, Merge(into=CUSTOMER))
    for data, field in (
        (CustomerMerged(into=OTHER), "time"),  # before it: that one would close a circle
        (CustomerMerged(into=CUSTOMER), "data.into"),
    ):
        late = company.draft(CUSTOMER, data, before=timedelta(minutes=30))
        [answer] = await company.publishes(late)
        assert (answer.status, answer.field) == ("refused", field), answer
        assert answer.quarantined
    elsewhere = company.draft(OTHER, CustomerMerged(into="C-3"), before=timedelta(minutes=30))
    [answer] = await company.publishes(elsewhere)
    assert (answer.status, answer.field) == ("refused", "time"), answer
    assert await company.edges() == {(OTHER, CUSTOMER)}


async def test_who_was_erased_is_merged_through_no_door(company: Company) -> None:
    async def act() -> None:
        await company.desk.publish(CustomerErased(receipt="r"), "erased", customer=OTHER)

    rival = Company(company.desk, interleaved(company.log, act))
    assert not await rival.commands(CUSTOMER, Merge(into=OTHER))
    for member, into in ((CUSTOMER, OTHER), (OTHER, CUSTOMER)):
        [answer] = await company.publishes(company.draft(member, CustomerMerged(into=into)))
        assert (answer.status, answer.code) == ("refused", "erased"), answer
    before = company.draft(CUSTOMER, CustomerMerged(into=OTHER), before=timedelta(hours=1))
    [answer] = await company.publishes(before)
    assert answer.status == "accepted", "it was so before anybody was erased"


async def test_through_both_doors_every_merge_that_was_let_in_counts(company: Company) -> None:
    dice = random.Random(7)
    everybody = (CUSTOMER, OTHER, "C-3", "C-4")
    merges = 0
    for _ in range(14):
        company.desk.clock.move(timedelta(seconds=dice.choice((-1, 0, 1, 5))))

        async def rival() -> int:
            customer, other = dice.choice(everybody), dice.choice(everybody)
            parts, commands = dice.random() < 0.4, dice.random() < 0.5
            before = timedelta(seconds=dice.choice((0, 0, 3, 60)))
            if commands:
                done = await company.commands(customer, Unmerge() if parts else Merge(into=other))
                return int(done and not parts)
            data = CustomerUnmerged(out_of=other) if parts else CustomerMerged(into=other)
            [answer] = await company.publishes(company.draft(customer, data, before=before))
            return int(answer.status == "accepted" and not parts)

        merges += sum(await asyncio.gather(*(rival() for _ in range(6))))
    ways = await ways_of(company.log, company.desk.platform.pool, map(CustomerId, everybody))
    assert len(Identity(ways.told).edges) == merges
    assert merges > 5


# --- cases


def opener(desk: Desk, *acts: Act) -> Openings:
    """Whoever opens cases, while others act between its looking and its opening."""
    platform = desk.platform
    streams = streams_over(desk, interleaved(platform.log, *acts))
    cases = Cases(streams, platform.log, platform.pool)
    parked = ParkedWork(platform.pool, desk.clock, WORKS[0])
    return Openings(platform.log, platform.pool, cases, Rulebook(platform.pool), parked)


async def complains(desk: Desk, customer: str | None = CUSTOMER) -> str:
    """File a complaint, and return the id that its case would have."""
    filed = ComplaintFiled(severity="medium", agent="service-1", department="service")
    return native_case_id(await desk.publish(filed, "complaint", customer=customer))


async def opens(openings: Openings) -> None:
    while await openings.step():
        pass


@pytest.mark.parametrize("customer", [CUSTOMER, None])
async def test_a_case_that_was_just_published_is_not_opened(
    desk: Desk, customer: str | None
) -> None:
    """Nothing has been mirrored yet of what a branch was told is in the log."""
    case_id = await complains(desk, customer)
    await desk.publish(CaseReplied(case_id=case_id, agent="A-7"), "replied", customer=customer)
    await opens(opener(desk))
    assert list(await desk.platform.log.stream(case_stream(case_id))) == []


@pytest.mark.parametrize("customer", [CUSTOMER, None])
async def test_a_case_that_is_published_while_it_is_opened_is_not_opened(
    desk: Desk, customer: str | None
) -> None:
    case_id = await complains(desk, customer)

    async def act() -> None:
        replied = CaseReplied(case_id=case_id, agent="A-7")
        await desk.publish(replied, "replied", customer=customer)

    await opens(opener(desk, act))
    assert list(await desk.platform.log.stream(case_stream(case_id))) == []
    assigned = CaseAssigned(case_id=case_id, agent="A-8")
    await desk.publish(assigned, "assigned", customer=customer)  # stays welcome


async def test_a_case_that_is_opened_while_it_is_published_takes_commands_alone(
    desk: Desk,
) -> None:
    case_id = await complains(desk)

    async def act() -> None:
        await opens(desk.by_itself.openings)

    company = Company(desk, interleaved(desk.platform.log, act))
    replied = company.draft(CUSTOMER, CaseReplied(case_id=case_id, agent="A-7"))
    paid = company.draft(CUSTOMER, PaymentReceived(payment_id="P-1", amount=cny(1)))
    refused, accepted = await company.publishes(replied, paid)
    assert (refused.status, accepted.status) == ("refused", "accepted"), refused
    assert "reply" in str(refused.remedy)
    assert await desk.version(case_id) == 2


async def test_of_opening_and_publishing_at_once_one_comes_first(desk: Desk) -> None:
    case_id = await complains(desk)
    company = Company(desk)
    replied = company.draft(CUSTOMER, CaseReplied(case_id=case_id, agent="A-7"))
    _, [answer] = await asyncio.gather(opens(desk.by_itself.openings), company.publishes(replied))
    await opens(desk.by_itself.openings)
    assert (answer.status, await desk.version(case_id)) in (("refused", 2), ("accepted", 0))
