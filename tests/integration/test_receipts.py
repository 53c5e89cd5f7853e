"""Receipts: signed, checkable without the platform, and never saying more than was acknowledged."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.errors import UsageError
from services.vault.signing import signer_of
from tests.support.gateway import (
    BRANCH,
    Gateway,
    event_id,
    gateway_on_chosen_log,
    open_gateway,
    payment_event,
)
from tests.support.modes import EITHER

pytestmark = pytest.mark.postgres

SOURCE = f"/branches/{BRANCH}/till-3"


@pytest_asyncio.fixture(params=EITHER)
async def gateway(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Gateway]:
    async with gateway_on_chosen_log(request, database) as gateway:
        yield gateway


def opened(note: str, verifier: str) -> list[str]:
    """The lines of a note whose signature is right: C2SP signed-note, read word for word."""
    name, key_id, encoded = verifier.split("+", 2)
    public = base64.b64decode(encoded)
    assert public[0] == 1
    assert hashlib.sha256(f"{name}\n".encode() + public).hexdigest()[:8] == key_id
    text, _, signatures = note.rpartition("\n\n")
    dash, signer, signed = signatures.removesuffix("\n").split(" ")
    raw = base64.b64decode(signed)
    assert (dash, signer, raw[:4].hex()) == ("\u2014", name, key_id)
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], f"{text}\n".encode())
    return text.split("\n")


async def receipt(gateway: Gateway, query: str = "", source: str = SOURCE) -> dict[str, list[str]]:
    """What a receipt says, checked: each word with what follows it on its lines."""
    headers = {"authorization": f"Bearer {gateway.token}"}
    key = await gateway.client.get("/api/v1/receipts/key", headers=headers)
    answer = await gateway.client.get(f"/api/v1/receipts{source}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    lines = opened(answer.text, key.text.strip())
    assert lines[:2] == [key.text.partition("+")[0], "touchstone receipt v1"]
    said: dict[str, list[str]] = {}
    for line in lines[2:]:
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
    return said


def ids_of(numbers: Iterable[int]) -> str:
    joined = b"".join(UUID(event_id(number)).bytes for number in numbers)
    return f"sha256 {base64.b64encode(hashlib.sha256(joined).digest()).decode()}"


async def test_a_receipt_names_what_is_held_missing_and_refused(gateway: Gateway) -> None:
    wrong = payment_event(4, data={"payment_id": "P-4", "amount": {"minor": "x"}})
    late = payment_event(9, data={})
    await gateway.results([*(payment_event(n) for n in (1, 2, 3, 6, 7)), wrong, late])
    said = await receipt(gateway)
    assert (said["source"], said["epoch"], said["newest-epoch"]) == ([SOURCE], ["0"], ["0"])
    assert (said["from"], said["through"], said["taken"]) == (["1"], ["7"], ["7"])
    assert said["gap"] == ["4 5"]
    assert said["refused"] == ["4 4", "9 9"]
    assert said["ids"] == [ids_of((1, 2, 3, 6, 7))]
    assert said["issued"] == [f"{gateway.clock.at:%Y-%m-%dT%H:%M:%S.%fZ}"]
    [position] = said["position"]
    assert position == (await gateway.log.heads()).token()

    part = await receipt(gateway, "?from=3&upto=6")
    assert (part["from"], part["through"], part["gap"]) == (["3"], ["6"], ["4 5"])
    assert part["ids"] == [ids_of((3, 6))]


async def test_a_mended_event_is_refused_no_more(gateway: Gateway) -> None:
    await gateway.results([payment_event(1, data={})])
    assert (await receipt(gateway))["refused"] == ["1 1"]
    await gateway.results([payment_event(1)])
    said = await receipt(gateway)
    assert "refused" not in said
    assert said["through"] == ["1"]


async def test_an_event_that_is_not_known_to_be_durable_is_not_held(gateway: Gateway) -> None:
    """Admitted, and on its way to a topic: taken, so that nobody uses the number, and no more."""
    await gateway.results([payment_event(1)])
    async with gateway.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO admissions (event_id, source, epoch, sequence, digest) "
            "VALUES ($1, $2, 0, 2, '')",
            event_id(2), SOURCE,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO log_pending (generation, partition, event_id, recorded_at, record_key, "
            "headers, data) VALUES (99, 0, $1, now(), '', '', '')",
            event_id(2),
        )
    said = await receipt(gateway)
    assert (said["through"], said["taken"], said["ids"]) == (["1"], ["2"], [ids_of([1])])


async def test_the_newest_epoch_is_meant_and_older_ones_can_be_asked_for(gateway: Gateway) -> None:
    await gateway.results([payment_event(1), payment_event(2)])
    await gateway.results([payment_event(3, sequence=1, sourceepoch=2)])
    newest = await receipt(gateway)
    assert (newest["epoch"], newest["newest-epoch"], newest["through"]) == (["2"], ["2"], ["1"])
    older = await receipt(gateway, "?epoch=0")
    assert (older["epoch"], older["newest-epoch"], older["through"]) == (["0"], ["2"], ["2"])


async def test_of_an_unknown_device_nothing_is_held(gateway: Gateway) -> None:
    said = await receipt(gateway, source=f"/branches/{BRANCH}/柜台%201")
    assert (said["newest-epoch"], said["through"], said["ids"]) == (["none"], ["0"], [ids_of([])])
    assert said["source"] == [f"/branches/{BRANCH}/柜台 1"]


async def test_a_reused_number_is_refused_with_the_way_on(gateway: Gateway) -> None:
    await gateway.results([payment_event(1)])
    [answer] = await gateway.results([payment_event(2, sequence=1)])
    assert (answer["code"], answer["field"]) == ("conflict", "sequence")
    assert "sourceepoch" in str(answer["remedy"])
    assert "refused" not in await receipt(gateway), "the number is another event's"


async def test_a_branch_asks_about_its_own_devices_alone(gateway: Gateway) -> None:
    headers = {"authorization": f"Bearer {gateway.token}"}
    for source in ("/branches/SH-02/till-3", f"/branches/{BRANCH}/", "/cases/1"):
        answer = await gateway.client.get(f"/api/v1/receipts{source}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (403, "source")
    answer = await gateway.client.get(f"/api/v1/receipts{SOURCE}?from=0", headers=headers)
    assert answer.status_code == 422
    assert (await gateway.client.get(f"/api/v1/receipts{SOURCE}")).status_code == 401


async def test_the_key_is_made_once_and_under_one_name(gateway: Gateway, database: str) -> None:
    parts = (gateway.pool, gateway.vault, gateway.clock)
    first = await signer_of(*parts, "crm.example.com")
    assert first.origin == "crm.example.com"
    assert (await signer_of(*parts)).verifier == first.verifier
    with pytest.raises(UsageError, match=r"crm\.example\.com"):
        await signer_of(*parts, "other.example.com")
    with pytest.raises(InvalidSignature):
        opened(first.note("a\n").replace("a\n", "b\n", 1), first.verifier)
    async with open_gateway(database, gateway.clock) as again:
        assert (await signer_of(again.pool, again.vault, again.clock)).verifier == first.verifier


async def test_a_refused_event_sent_again_at_another_time_is_counted(gateway: Gateway) -> None:
    wrong = payment_event(5, data={})
    for hour in (8, 9):
        at = f"2026-03-02T0{hour}:00:00Z"
        await gateway.results([wrong | {"senttime": at, "collectedtime": at}])
    rows = await gateway.pool.fetch("SELECT times, source, epoch, sequence FROM quarantine")
    assert [tuple(row) for row in rows] == [(2, SOURCE, 0, 5)]
