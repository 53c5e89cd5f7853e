"""Publishes events through the intake of the build whose Python runs this, so many a second.

    python flow.py RATE SECONDS SEED

Invoices, payments and visits of customers who have events, a tenth of a second's at a time, as
branches send them. Prints one JSON line for each batch once it is durable: when that was (seconds
since 1970) and the positions of its events, then how many there were. The database is the one that
TOUCHSTONE_DSN names.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from importlib import import_module

import uvloop

_SPLIT = 10
_KNOWN = """
SELECT customer_id, min(branch_id) AS branch_id FROM events
WHERE customer_id IS NOT NULL AND partition < 12
GROUP BY customer_id HAVING count(*) > 5 ORDER BY md5(customer_id) LIMIT 5000
"""


def _open_platform() -> object:
    for name in ("services.hosts.bootstrap", "services.bootstrap"):
        try:
            return import_module(name).open_platform
        except ModuleNotFoundError:
            continue
    raise SystemExit("this build has no platform to open")


class _Till:
    """What one source tells, in its own order."""

    def __init__(self, seed: int, known: list[tuple[str, str]]) -> None:
        self._random = random.Random(seed)
        self._known = known
        self._source = f"bench-{seed}"
        self._sequences: dict[str, int] = {}

    def event(self) -> tuple[str, dict[str, object]]:
        """Return the next event and the branch that sends it."""
        customer, branch = self._random.choice(self._known)
        n = self._sequences[branch] = self._sequences.get(branch, 0) + 1
        unique = f"{self._source}-{branch}-{n}"
        amount = {"minor": self._random.randrange(1_000, 500_000), "currency": "CNY"}
        kind = self._random.choices(("invoice", "payment", "visit"), (3, 5, 2))[0]
        data: dict[str, object] = {"amount": amount}
        if kind == "invoice":
            due_on = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
            data |= {"invoice_id": f"I-{unique}", "due_on": due_on}
            what = "payment.invoice_issued"
        elif kind == "payment":
            data |= {"payment_id": f"P-{unique}"}
            what = "payment.payment_received"
        else:
            data = {"visit_id": f"V-{unique}", "purpose": "advice", "minutes": 30}
            what = "visit.made"
        event = {
            "specversion": "1.0",
            "id": str(uuid.UUID(int=self._random.getrandbits(128))),
            "source": f"/branches/{branch}/{self._source}",
            "type": what,
            "subject": customer,
            "time": datetime.now(UTC).isoformat(),
            "sequence": n,
            "data": data,
        }
        return branch, event


async def _flow(rate: float, seconds: float, seed: int) -> None:
    branch_id = import_module("events.envelope").BranchId
    settings = import_module("services.settings").settings()
    async with _open_platform()(settings) as platform:  # type: ignore[operator]
        rows = await platform.pool.fetch(_KNOWN)
        till = _Till(seed, [(row["customer_id"], row["branch_id"]) for row in rows])
        begun, sent = time.monotonic(), 0
        for tick in range(round(seconds * _SPLIT)):
            await asyncio.sleep(max(0.0, begun + tick / _SPLIT - time.monotonic()))
            by_branch: dict[str, list[object]] = {}
            for _ in range(round(rate * (tick + 1) / _SPLIT) - sent):
                branch, event = till.event()
                by_branch.setdefault(branch, []).append(event)
                sent += 1
            answers = await asyncio.gather(
                *(platform.intake.submit(branch_id(b), some) for b, some in by_branch.items())
            )
            every = [one for some in answers for one in some]
            refused = [one for one in every if one.status != "accepted"]
            if refused:
                print(json.dumps({"refused": str(refused[0])}), flush=True)
                return
            positions = [one.position for one in every]
            print(json.dumps({"at": time.time(), "positions": positions}), flush=True)
        print(json.dumps({"events": sent, "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    uvloop.run(_flow(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
