"""Seals who the copies of customers are under keys of their own, as their registration would have.

    python seal_names.py PART PARTS

A copied registration holds the original's sealed fields, which open for nobody else. Each gets the
original's name, and a telephone number of its own. Several do a part each, and whoever runs them
has events changed meanwhile. Prints one customer who may be looked for, as JSON. The database is
the one that TOUCHSTONE_DSN names; this build's alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from uuid import UUID

import uvloop
from msgspec import structs

from events.codec import decode, encode
from events.touchpoints.customer import CustomerRegistered
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.settings import settings

_PAGE = 5_000
_READ = """
SELECT c.event_id, c.customer_id, c.data, b.event_id AS base_event, b.customer_id AS base_id
FROM events c JOIN events b ON b.type = 'customer.registered' AND b.source = c.source
    AND b.sequence = c.sequence AND b.epoch = c.epoch / 1000000 - 1
WHERE c.type = 'customer.registered' AND c.epoch >= 1000000
  AND c.event_id > $1 AND c.event_id <= $3
ORDER BY c.event_id LIMIT $2
"""
_WRITE = """
UPDATE events e SET data = n.data FROM unnest($1::uuid[], $2::bytea[]) AS n (event_id, data)
WHERE e.event_id = n.event_id
"""


_LAST = 2**128 - 1


async def _seal(part: int, parts: int) -> None:
    async with open_platform(settings()) as platform:
        opened: dict[str, Mapping[str, str]] = {}
        sample: Mapping[str, str] = {}
        looked_for = ""
        last, upto = (UUID(int=_LAST * bound // parts) for bound in (part, part + 1))
        async with platform.pool.acquire() as connection:
            while rows := await connection.fetch(_READ, last, _PAGE, upto):
                keys = await platform.vault.prepare([row["customer_id"] for row in rows])
                written = []
                for row in rows:
                    data = decode(row["data"])
                    assert isinstance(data, CustomerRegistered)
                    if data.sealed is None:
                        continue
                    base = str(row["base_id"])
                    if base not in opened:
                        opened[base] = await _opened(platform, base, row["base_event"], data.sealed)
                    fields = {**opened[base], "phone": _phone(row["customer_id"])}
                    if not looked_for:
                        looked_for, sample = row["customer_id"], fields
                    sealed = keys[row["customer_id"]].seal(str(row["event_id"]), fields)
                    written.append((row["event_id"], encode(structs.replace(data, sealed=sealed))))
                ids, payloads = [one[0] for one in written], [one[1] for one in written]
                await connection.execute(_WRITE, ids, payloads)
                last = UUID(rows[-1]["event_id"])
        print(json.dumps({"customer": looked_for, **sample}))


async def _opened(
    platform: Platform, customer: str, event_id: object, sealed: bytes
) -> Mapping[str, str]:
    return await platform.vault.open(customer, str(event_id), sealed) or {}


def _phone(customer: str) -> str:
    return f"138{int(''.join(filter(str.isdigit, customer))) % 100_000_000:08}"


if __name__ == "__main__":
    uvloop.run(_seal(int(sys.argv[1]), int(sys.argv[2])))
