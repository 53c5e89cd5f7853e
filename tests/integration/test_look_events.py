"""Looks at personal data become events of either log: each once, whoever dies on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
import pytest_asyncio
from asyncpg import Record

from events.codec import decode
from events.envelope import BranchId
from events.touchpoints.access import MOST_SHOWN, PersonsShown
from events.touchpoints.complaint import ComplaintFiled
from services.errors import Unavailable
from services.intake.draft import Draft, Scope
from services.people.look_events import PERIOD, LookEvents
from services.people.looked import Look, LookFilter, looked
from services.people.looks import Looks
from services.people.principal import Principal
from services.ports import Outcome, Submission
from tests.contract.event_log_suite import accepted_events
from tests.support.casework import (
    BRANCH,
    CALLER,
    CUSTOMER,
    Desk,
    desk_on_chosen_log,
)
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

CLERK = Principal("clerk-1", branch_id=BRANCH)
HEAD = Principal("hq-1")
PAGE = "/customers"


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def look(desk: Desk, who: Principal, *customers: str, page: str = PAGE) -> None:
    """Have somebody shown customers, as another process each time."""
    looks = Looks(desk.platform.pool, desk.clock)
    looks.note(who, customers, page)
    await looks.kept()


async def events(desk: Desk) -> Sequence[PersonsShown]:
    """What the log tells of looks, and where: never of a customer, so that no dossier has it."""
    found = []
    for event in await accepted_events(desk.platform.log):
        data = decode(event.payload)
        if isinstance(data, PersonsShown):
            assert event.envelope.subject is None
            assert event.envelope.source == "/platform/looks"
            found.append(data)
    return found


async def listed(
    desk: Desk, wanted: LookFilter | None = None, limit: int = 100, below: int | None = None
) -> list[Look]:
    async def ask(statement: str, *parameters: object) -> Sequence[Record]:
        return await desk.platform.pool.fetch(statement.format(looks="looks"), *parameters)

    return [*await looked(ask, wanted or LookFilter(), limit, below)]


async def test_one_event_tells_of_a_person_and_a_period_and_names_each_customer_once(
    desk: Desk,
) -> None:
    told = LookEvents(desk.platform)
    await look(desk, CLERK, "C-1", "C-2")
    await look(desk, CLERK, "C-1")  # at another console
    await look(desk, CLERK, "C-1", page="/search")
    await look(desk, HEAD, "C-1")
    assert await told.tell() == 0  # its period goes on
    desk.clock.move(PERIOD)
    await look(desk, CLERK, "C-3")
    assert await told.tell() == 2
    assert await told.tell() == 0
    found = {one.by: [(two.customer, two.page) for two in one.shown] for one in await events(desk)}
    assert found == {
        "clerk-1": [("C-1", PAGE), ("C-2", PAGE), ("C-1", "/search")],
        "hq-1": [("C-1", PAGE)],
    }
    branches = await desk.platform.pool.fetch("SELECT staff_id, branch_id FROM look_events")
    assert {tuple(row) for row in branches} == {("clerk-1", BRANCH), ("hq-1", "HQ")}


async def test_whoever_takes_over_from_the_dead_tells_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead before the log was asked, and dead before its answer was written down."""
    await look(desk, CLERK, *(f"C-{n}" for n in range(MOST_SHOWN + 1)))
    desk.clock.move(PERIOD)
    log, append = desk.platform.log, desk.platform.log.append

    async def never(_: Sequence[Submission]) -> Sequence[Outcome]:
        raise Unavailable("killed before")

    async def unheard(submissions: Sequence[Submission]) -> Sequence[object]:
        await append(submissions)
        raise Unavailable("killed after")

    for dies in (never, unheard):
        monkeypatch.setattr(log, "append", dies)
        with pytest.raises(Unavailable):
            await LookEvents(desk.platform).tell()
    monkeypatch.setattr(log, "append", append)
    await look(desk, CLERK, "C-late")  # of a period that is told already
    desk.clock.move(PERIOD)
    assert await LookEvents(desk.platform).tell() == 3
    told = [one.customer for event in await events(desk) for one in event.shown]
    assert sorted(told) == sorted([*(f"C-{n}" for n in range(MOST_SHOWN + 1)), "C-late"])


async def test_looks_are_read_once_wherever_they_are(desk: Desk) -> None:
    told = LookEvents(desk.platform)
    for n in range(8):
        await look(desk, (CLERK, HEAD)[n % 2], f"C-{n % 3}", f"C-{n + 10}")
        desk.clock.move(PERIOD if n % 3 == 2 else timedelta(seconds=1))
    before = await listed(desk)
    assert len(before) == 16
    assert [one.look for one in before] == sorted((one.look for one in before), reverse=True)
    await told.tell()
    assert await listed(desk) == before
    assert await told.let_go(desk.clock.now() - 2 * PERIOD) == (
        0 if desk.settings.kafka else 2
    )  # what no row of the events table has stays
    await catch_up(desk.platform, desk.settings)
    await told.let_go(desk.clock.now() - 2 * PERIOD)
    left = await desk.platform.pool.fetchval("SELECT count(*) FROM looks")
    assert 0 < left < 16
    assert await listed(desk) == before
    desk.clock.move(PERIOD)
    await told.tell()
    await catch_up(desk.platform, desk.settings)
    await told.let_go(desk.clock.now())
    assert await desk.platform.pool.fetchval("SELECT count(*) FROM looks") == 0
    assert await listed(desk) == before
    mine = LookFilter(staff_id="clerk-1"), LookFilter(customer_id="C-1")
    assert await listed(desk, mine[0]) == [one for one in before if one.staff_id == "clerk-1"]
    assert await listed(desk, mine[1]) == [one for one in before if one.customer_id == "C-1"]
    middle = LookFilter(since=before[11].at, before=before[4].at)
    assert await listed(desk, middle) == [
        one for one in before if before[11].at <= one.at < before[4].at
    ]
    pages: list[Look] = []
    while some := await listed(desk, None, 3, pages[-1].look if pages else None):
        pages += some
    assert pages == before


async def test_a_note_read_with_a_key_is_a_look(desk: Desk) -> None:
    case = await desk.case()
    await desk.done(case, "note", {"personal": {"note": "hard of hearing"}})
    assert (await desk.get(case, by="credit-1")).status_code == 200
    assert [(one.staff_id, one.customer_id, one.page) for one in await listed(desk)] == [
        ("credit-1", CUSTOMER, "/api/v1/cases/{case_id}")
    ]
    silent = await desk.case("without a word", customer="C-2")
    assert (await desk.get(silent, by=CALLER)).status_code == 200
    assert len(await listed(desk)) == 1


async def test_nobody_publishes_a_look(desk: Desk) -> None:
    data = PersonsShown(by="hq-1", shown=())
    real = await desk.publish(
        ComplaintFiled(severity="low"), "real"
    )  # what a branch may say, to be altered
    [event] = [one for one in await accepted_events(desk.platform.log) if one.envelope.id == real]
    envelope = event.envelope
    draft = Draft(
        type(envelope)(
            **{name: getattr(envelope, name) for name in envelope.__struct_fields__}
            | {"type": data.event_type, "id": "00000000-0000-4000-8000-000000000001"}
        ),
        data,
    )
    scope = Scope(BranchId(BRANCH), headquarters=True)
    [answer] = await desk.platform.intake.submit_validated(scope, [draft])
    assert (answer.status, answer.field) == ("refused", "type")
