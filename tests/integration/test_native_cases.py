"""What happens on a case that is worked on here is decided by commands, and nobody publishes it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
import pytest
import pytest_asyncio

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.samples import sample_of
from events.streams import case_stream, customer_stream
from events.touchpoints import CATALOGUE, Touchpoint
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.contact import CallbackMade, CallbackPromised
from services.casework.api import COMMANDS
from services.intake.answers import Answer
from services.intake.draft import Draft
from services.intake.native_cases import COMMAND_FOR
from services.ports import Accepted, Stale
from tests.contract.event_log_suite import accepted_events
from tests.support.gateway import BRANCH, Gateway, gateway_on_chosen_log, payment_event
from tests.support.log import START, said
from tests.support.modes import EITHER

pytestmark = pytest.mark.postgres

NATIVE, EXTERNAL = "case-native", "case-external"
ABOUT_CASES = [
    kind
    for kind in CATALOGUE.values()
    if issubclass(kind, CaseTouchpoint) or kind in (CallbackPromised, CallbackMade)
]


@pytest_asyncio.fixture(params=EITHER)
async def gateway(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Gateway]:
    """A gateway; on one case something was decided."""
    async with gateway_on_chosen_log(request, database) as gateway:
        await decide(gateway, NATIVE)
        yield gateway


async def decide(gateway: Gateway, case_id: str) -> None:
    outcomes = await gateway.log.append_unit([said(case_stream(case_id), 1)])
    assert not isinstance(outcomes, Stale)
    assert isinstance(outcomes[0], Accepted)


def about(case_id: str | None, kind: type[Touchpoint], number: int = 1) -> Draft:
    """A branch's event of a type about a case."""
    sample: Any = sample_of(kind, least=True)
    data = msgspec.structs.replace(sample, case_id=case_id)
    event_id = str(uuid5(NAMESPACE_URL, f"{case_id} {kind.event_type} {number}"))
    envelope = Envelope(
        id=EventId(event_id),
        source=f"/branches/{BRANCH}/till-3",
        type=kind.event_type,
        subject=CustomerId("C-1001"),
        branch_id=BranchId(BRANCH),
        epoch=0,
        sequence=0,
        created_at=START,
        effective_at=START,
    )
    return Draft(envelope, data)


async def published(gateway: Gateway, *drafts: Draft) -> list[Answer]:
    return await gateway.intake.submit_validated(BranchId(BRANCH), drafts)


async def test_everything_on_a_native_case_is_refused_with_the_command_that_does_it(
    gateway: Gateway,
) -> None:
    answers = await published(gateway, *(about(NATIVE, kind) for kind in ABOUT_CASES))
    for kind, answer in zip(ABOUT_CASES, answers, strict=True):
        assert (answer.status, answer.code, answer.field) == (
            "refused",
            "not_allowed",
            "data.case_id",
        ), kind.event_type
        assert answer.quarantined
        assert answer.remedy is not None
        command = COMMAND_FOR.get(kind.event_type)
        if command is None:
            assert "by itself" in answer.remedy
        else:
            assert f"/api/v1/cases/{{case_id}}/{command}" in answer.remedy
            assert command in COMMANDS
    assert len(await accepted_events(gateway.log)) == 1


def test_only_opening_has_no_command() -> None:
    without = {kind.event_type for kind in ABOUT_CASES} - COMMAND_FOR.keys()
    assert without == {"case.opened"}


async def test_what_another_system_keeps_stays_welcome(gateway: Gateway) -> None:
    answers = await published(gateway, *(about(EXTERNAL, kind) for kind in ABOUT_CASES))
    answers += await published(gateway, about(None, CallbackPromised), about(None, CallbackMade))
    assert {answer.status for answer in answers} == {"accepted"}


async def test_an_event_that_was_there_before_its_case_had_a_stream_is_a_repeat(
    gateway: Gateway,
) -> None:
    """Whoever lost the answer is not told that what is recorded was refused."""
    kind = ABOUT_CASES[0]
    await published(gateway, about(EXTERNAL, kind))
    await decide(gateway, EXTERNAL)
    repeat, late = await published(gateway, about(EXTERNAL, kind), about(EXTERNAL, kind, 2))
    assert (repeat.status, late.status) == ("duplicate", "refused")


async def test_a_refused_one_leaves_its_neighbours_alone(gateway: Gateway) -> None:
    event = payment_event(
        1,
        type="case.replied",
        data={"case_id": NATIVE, "agent": "A-7", "personal": {"note": "said"}},
    )
    results = await gateway.results([payment_event(2), event, payment_event(3)])
    assert [one["status"] for one in results] == ["accepted", "refused", "accepted"]
    assert "/api/v1/cases/{case_id}/reply" in str(results[1]["remedy"])
    assert NATIVE in str(results[1]["reason"])
    [kept] = await gateway.pool.fetch("SELECT reason, field FROM quarantine")
    assert NATIVE not in kept["reason"]


@pytest.mark.parametrize("source", [case_stream(NATIVE), customer_stream("C-1001")])
async def test_nobody_publishes_under_the_name_of_a_stream(gateway: Gateway, source: str) -> None:
    [result] = await gateway.results([payment_event(1, source=source)])
    assert (result["status"], result["code"], result["field"]) == (
        "refused",
        "not_allowed",
        "source",
    )
    assert "send the command" in str(result["remedy"])
    assert len(await accepted_events(gateway.log)) == 1
