"""Events that nobody can read: their customers wait with the reason told, all others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import NamedTuple, cast

from events.codec import MARKER, decode, encode
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.money import Money
from events.partitioning import partition_of
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from services.hosts.bootstrap import open_platform
from services.log.kafka.cluster import cluster_of
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import Header, Record, to_record
from services.platform import Platform
from services.simulator.devices import Recording
from tests.faults.clients import Ledger
from tests.faults.load import judge, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.oracle import (
    Findings,
    caught_up,
    clean_digest,
    no_loss_whatever_copies,
    whole_log,
)
from tests.faults.product import product

_PATIENCE_S = 90.0
_PARKED = "SELECT DISTINCT customer_id FROM projection_heads WHERE parked_reason IS NOT NULL"
_SPOIL = "UPDATE events SET data = $2 WHERE event_id = ANY ($1::uuid[])"
_LATEST = """
SELECT DISTINCT ON (customer_id) event_id, customer_id, data FROM events
WHERE customer_id IS NOT NULL AND type LIKE 'payment.%' ORDER BY customer_id, n DESC LIMIT $1
"""
_GARBAGE = (
    b"",  # nothing
    b"\xc3\x01\x00\x00",  # cut short
    b"no Avro at all, whatever it says",
    encode(InvoiceIssued(invoice_id="\x00", amount=Money(1, "CNY"), due_on=date(2026, 3, 1))),
    MARKER + b"\x01\x02\x03\x04\x05\x06\x07\x08" + b"\x00" * 9,  # a schema nobody published
)


class _Poison(NamedTuple):
    """What is put into the topics, and of whom."""

    unreadable: dict[str, CustomerId]  # by event id: an event with headers, bytes like these
    records: list[tuple[int, Record]]  # by partition


async def poison_topics(scene: Scene) -> Outcome:
    """Put records into the topics that no gateway wrote, between all the good ones."""
    outcome, dice = Outcome(), scene.dice("poison")
    async with scene.ground.product() as made:
        await made.start()
        fleet = await load(scene, made, 80.0, (300, 120))
        poison = _poison(dice, scene.choose(40, 16))
        cluster = cluster_of(made.settings)
        places, appender = TopicPartitions(cluster.prefix, 1), Appender(cluster)
        for partition, record in poison.records:
            await appender.append({places.of(partition): [record]})
            outcome.times += 1
            await asyncio.sleep(0.1)
        await appender.close()
        await asyncio.sleep(2.0)
        ledger = await fleet.finish()
        async with open_platform(made.settings) as platform:
            found = await _all_but(platform, ledger, poison)
            rows = await platform.pool.fetch(_PARKED)
        parked = {row["customer_id"] for row in rows}
        expected = set(poison.unreadable.values())
        outcome.expect(parked == expected, f"parked are {parked ^ expected} wrongly or not")
        code, verdict = await made.command("verify")
        named = verdict["named"]
        assert isinstance(named, list)
        other = [one for one in named if one["key"] not in poison.unreadable]
        outcome.expect(code == 4 and not other, f"verify ended with {code}: {other[:3]}")
        outcome.expect(
            verdict["differences"] == len(poison.unreadable), f"verify names {len(named)}"
        )
        outcome.add(ledger, found)
        outcome.wrong += await made.lawless() + made.odd_ends()
        outcome.notes["parked"] = len(parked)
        scene.say(f"{outcome.times} poisoned records, {len(parked)} customers parked")
    return outcome


def _poison(dice: Random, count: int) -> _Poison:
    """Return events with bytes that nobody can read, and records that are no events."""
    poison = _Poison({}, [])
    for n in range(count):
        customer = CustomerId(f"POISONED-{n}")
        record, event_id = _event_of(customer, n)
        partition = partition_of(customer)
        foreign = (
            record._replace(headers=()),
            record._replace(headers=(*record.headers[:-1], ("ce_recordedtime", b"\xff\xfe"))),
            record._replace(headers=(("ce_id", b"x"),), value=b""),
            *(record._replace(headers=strange) for strange in _strange(record)),
        )
        if n % 2:
            poison.records.append((partition, foreign[n // 2 % len(foreign)]))
        else:
            bad = record._replace(value=_GARBAGE[n // 2 % len(_GARBAGE)])
            poison.records.append((partition, bad))
            poison.unreadable[event_id] = customer
    dice.shuffle(poison.records)
    return poison


def _strange(record: Record) -> Iterator[tuple[Header, ...]]:
    """Yield headers that no gateway writes, each of which once stopped a worker."""
    yield (*record.headers, record.headers[2])  # twice
    for name, value in (
        ("ce_time", b"0001-01-01T00:00:00+14:00"),
        ("ce_subject", b"POISONED\x00"),
        ("ce_tracestate", None),
        ("ce_recordedtime", b"2099-01-01T00:00:00Z"),
    ):
        others = [header for header in record.headers if header[0] != name]
        yield (*others, (name, cast(bytes, value)))


def _event_of(customer: CustomerId, n: int) -> tuple[Record, str]:
    now = datetime.now(UTC)
    data = PaymentReceived(payment_id=f"P-{customer}", amount=Money(100, "CNY"))
    event_id = EventId(f"00000000-0000-7000-8000-{n:012d}")
    envelope = Envelope(
        id=event_id,
        source="/branches/SH-01/poisoned",
        type=data.event_type,
        subject=customer,
        branch_id=BranchId("SH-01"),
        epoch=0,
        sequence=n + 1,
        created_at=now,
        effective_at=now,
    )
    return to_record(envelope, data.version, encode(data), now), event_id


async def _all_but(platform: Platform, ledger: Ledger, poison: _Poison) -> Findings:
    """Compare everything else with what the clients were told."""
    found = Findings(wrong=list(ledger.wrong))
    stored = await whole_log(platform)
    await caught_up(platform, stored)
    good = [one for one in stored if one.envelope.id not in poison.unreadable]
    no_loss_whatever_copies(found, ledger, good)
    found.events = len({one.envelope.id for one in good})
    at = datetime.now(UTC)
    kept = {
        e.envelope.id: Recording(e.recorded_at, e.envelope, decode(e.payload)) for e in good
    }.values()
    told = (receipt.recording for receipt in ledger.receipts.values())
    found.digest = clean_digest(kept, at)
    found.expect(found.digest == clean_digest(told, at), "the log says other than was published")
    return found


async def spoil_events_of_run(scene: Scene) -> Outcome:
    """Spoil bytes in the events table, as a bad disk may; mend them, and have them tried again."""
    outcome, dice = Outcome(), scene.dice("spoil")
    async with product() as made:
        made.start()
        await made.ready()
        fleet = await load(scene, made, 150.0)
        await asyncio.sleep(scene.choose(6, 3))
        async with open_platform(made.settings) as platform:
            pool = platform.pool
            await pool.execute("ALTER TABLE events DISABLE TRIGGER USER")
            rows = await pool.fetch(_LATEST, scene.choose(20, 5))
            for row in rows:
                await pool.execute(_SPOIL, [row["event_id"]], dice.choice(_GARBAGE))
            spoilt = {row["customer_id"] for row in rows}
            made.service("project").kill()  # what it remembers was read before
            await pool.execute(
                "UPDATE projection_heads SET next_change_at = now() "
                "WHERE customer_id = ANY ($1::text[])",
                list(spoilt),
            )
            outcome.times = len(rows)
            async with asyncio.timeout(_PATIENCE_S):
                while {r["customer_id"] for r in await pool.fetch(_PARKED)} != spoilt:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            before = len(fleet.ledger.receipts)
            await asyncio.sleep(3.0)
            outcome.expect(len(fleet.ledger.receipts) > before, "the others do not go on")
            for row in rows:
                await pool.execute(_SPOIL, [row["event_id"]], row["data"])
            await pool.execute("ALTER TABLE events ENABLE TRIGGER USER")
            async with asyncio.timeout(_PATIENCE_S):
                while await pool.fetch(_PARKED):
                    await made.command("parked", "retry")
                    await asyncio.sleep(0.5)
        scene.say(f"{len(rows)} events spoilt and mended; their customers were parked meanwhile")
        await judge(outcome, made, fleet)
        await asyncio.to_thread(made.stop)
    return outcome
