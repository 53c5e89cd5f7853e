"""Scenarios 1 to 6 of the domain rules, section 9, through the whole product.

Each happens in order and in two shuffled ways with every event up to five times; at its end it
is refolded and its rows are built anew from nothing (tests/support/live.py).
"""

import pytest

from events.touchpoints.payment import PaymentReceived
from tests.support.given import (
    Told,
    account,
    confirmed,
    credit_note,
    dunned,
    event_id,
    instant,
    invoice,
    item,
    money,
    order,
    paid,
    reversed_,
)
from tests.support.live import Entry, House, in_every_way

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres]


async def test_1_partial_payment_as_of(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.hears(
            invoice("A", "1000.00", due="2026-03-01"),
            invoice("B", "500.00", due="2026-03-15"),
            paid("P", "600.00", on="2026-03-20 10:00"),
        )
        await house.passes("2026-04-10")
        await house.shows(
            item("A", "400.00", days=40),
            item("B", "500.00", days=26),
            account(outstanding="900.00"),
        )
        await house.delivers()
        await house.ages(from_31=40_000, from_1=50_000)
        await house.was_shown(
            "2026-03-19",
            item("A", "1000.00", days=18),
            item("B", "500.00", days=4),
            account(outstanding="1500.00"),
        )

    await in_every_way(postgres_server, migrated, scenario)


async def test_2_over_payment_bounces(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.hears(
            invoice("C", "300.00", due="2026-03-01"),
            dunned("C", 1, on="2026-03-11 09:00"),
            paid("P", "500.00", on="2026-03-20 10:00"),
        )
        await house.shows(
            item("C", "0.00", dunning_due=None),
            account(outstanding="0.00", credit="200.00", dunning_level=None),
        )
        await house.hears(invoice("D", "150.00", due="2026-04-24", on="2026-03-25 09:00"))
        await house.shows(item("D", "0.00"), account(credit="50.00"))
        await house.hears(reversed_("P", on="2026-04-05 11:00"))
        await house.shows(
            item("C", "300.00", days=35, dunning_level=1, dunning_due=2),
            item("D", "150.00"),
            account(outstanding="450.00", credit="0.00", dunning_level=1),
        )

    await in_every_way(postgres_server, migrated, scenario)


async def test_3_payment_before_its_order(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.hears(
            invoice("E", "200.00", due="2026-03-01"),
            paid("P", "800.00", on="2026-03-20 10:00", orders=("ORD-9",)),
        )
        await house.passes("2026-03-20 12:00")
        await house.shows(item("E", "200.00"), account(reserved="800.00", credit="0.00"))
        await house.delivers()
        # They arrive later, with earlier times.
        await house.hears(
            order("ORD-9", "800.00", on="2026-03-18 09:00"),
            invoice("I-9", "800.00", due="2026-04-18", on="2026-03-19 09:00", order="ORD-9"),
        )
        await house.passes("2026-03-21 12:00")
        await house.shows(
            item("E", "200.00"), item("I-9", "0.00"), account(reserved="0.00", unbilled="0.00")
        )

    await in_every_way(postgres_server, migrated, scenario)


async def test_3_nothing_in_72_hours(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.hears(
            invoice("E", "200.00", due="2026-03-01"),
            paid("P", "800.00", on="2026-03-20 10:00", orders=("ORD-9",)),
        )
        await house.passes("2026-03-23 09:59")
        await house.shows(item("E", "200.00"), account(reserved="800.00", credit="0.00"))
        await house.passes("2026-03-23 10:00")
        await house.shows(item("E", "0.00"), account(reserved="0.00", credit="600.00"))

    await in_every_way(postgres_server, migrated, scenario)


async def test_4_credit_note(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.hears(
            invoice("F", "1000.00", due="2026-03-01"),
            credit_note("N", "250.00", on="2026-02-20 09:00", invoice="F"),
            paid("P", "800.00", on="2026-02-25 09:00"),
        )
        await house.shows(
            item("F", "0.00", paid_minor=75_000, credited_minor=25_000), account(credit="50.00")
        )

    await in_every_way(postgres_server, migrated, scenario)


async def test_5_duplicates(postgres_server: str, migrated: str) -> None:
    e1 = paid("e1", "200.00", on="2026-02-10 10:00", bank="BR-7")

    async def scenario(house: House) -> None:
        await house.hears(invoice("I", "500.00", due="2026-03-01"), e1)
        await house.delivers()
        await house.restarts()
        await house.hears(e1, e1)
        await house.delivers()
        await house.shows(item("I", "300.00"))

        conflict = await house.refuses(paid("e1", "250.00", on="2026-02-10 10:00", bank="BR-7"))
        assert (conflict.code, conflict.field, conflict.times) == ("conflict", "id", 1)
        assert '"minor":25000' in (conflict.event or "")
        await house.shows(item("I", "300.00"))

        await house.hears(paid("e2", "200.00", on="2026-02-10 10:05", bank="BR-7"))
        await house.shows(item("I", "300.00"), account(suspect="200.00"))
        await house.hears(confirmed("e2", on="2026-02-12 09:00"))
        await house.shows(item("I", "100.00"), account(suspect="0.00"))

    await in_every_way(postgres_server, migrated, scenario)


async def test_6_late_from_an_offline_branch(postgres_server: str, migrated: str) -> None:
    payment = Told(
        PaymentReceived(payment_id="P", amount=money("400.00")),
        instant("2026-03-06 17:00"),
        event="P",
    )
    saturday, monday = "2026-03-07 00:00", "2026-03-09 08:59"
    raised = Entry("raised", 1, instant(saturday))

    async def scenario(house: House) -> None:
        await house.hears(invoice("G", "400.00", due="2026-03-06"))
        await house.delivers()
        await house.passes(saturday)
        assert await house.journal("overdue", "G") == [raised]
        await house.passes(monday)
        await house.shows(item("G", "400.00"), account(overdue="400.00"))

        await house.hears_late(
            payment, created="2026-03-06 17:12", sent="2026-03-09 09:12",
            collected="2026-03-09 09:00",
        )  # fmt: skip
        await house.shows(item("G", "0.00"), account(overdue="0.00"))
        withdrawn = Entry("withdrawn", 1, instant("2026-03-09 09:00"), "paid", event_id("P"))
        assert await house.journal("overdue", "G") == [raised, withdrawn]
        await house.was_shown("2026-03-07", account(overdue="0.00"))
        await house.was_shown(monday, account(overdue="400.00"), as_known=monday)

    await in_every_way(postgres_server, migrated, scenario)
