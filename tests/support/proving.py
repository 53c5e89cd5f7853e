"""That the live rows of receivables are what the events say, and come out the same from nothing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from projections.receivables.projection import Receivables
from services.audit.digest import digest
from services.audit.verify import verify
from services.hosts.project import Projector
from services.platform import Platform
from services.rebuild.rebuilding import rebuild

JOURNAL = "SELECT * FROM alert_journal ORDER BY ordinal"
ROWS = {
    "items": "SELECT * FROM receivables_v5_items ORDER BY customer_id, item_id",
    "accounts": "SELECT * FROM receivables_v5_accounts ORDER BY customer_id, currency",
    "charges": "SELECT * FROM receivables_v5_charges ORDER BY item_id",
    "requests": "SELECT * FROM receivables_v5_requests ORDER BY customer_id, kind, request_id",
    "alerts": "SELECT alert_id, amount_minor, state, state_by, state_at, until, delegate "
    "FROM alerts ORDER BY alert_id",
    "totals": "SELECT measure, branch_id, day, sum(count), sum(amount_minor) FROM totals "
    "WHERE projection = 'receivables' GROUP BY 1, 2, 3 "
    "HAVING (sum(count), sum(amount_minor)) <> (0, 0) ORDER BY 1, 2, 3",
}
_EMPTY = (
    "TRUNCATE receivables_v5_items, receivables_v5_accounts, receivables_v5_charges, "
    "receivables_v5_requests",
    "DELETE FROM totals WHERE projection = 'receivables'",
)


class Proof(NamedTuple):
    """The digest of all that the events mean, and the live rows."""

    digest: str
    rows: Mapping[str, Sequence[tuple[object, ...]]]


async def proven(platform: Platform) -> Proof:
    """Refold, empty the tables, build them anew: nothing changes, and no alert is told again."""
    await Projector(platform).catch_up()
    live = await _proof(platform)
    journal = await platform.pool.fetch(JOURNAL)
    for statement in _EMPTY:
        await platform.pool.execute(statement)
    await rebuild(platform, [Receivables()], processes=1, watch=_Unwatched())
    assert await _proof(platform) == live
    assert await platform.pool.fetch(JOURNAL) == journal
    return live


async def _proof(platform: Platform) -> Proof:
    found = await verify(platform, _unwatched)
    assert (found.named, found.parked) == ([], 0)
    refolded = await digest(platform, platform.clock.now(), None, _unwatched)
    tables = {name: await platform.pool.fetch(statement) for name, statement in ROWS.items()}
    return Proof(
        refolded.digest,
        {name: [tuple(row) for row in rows] for name, rows in tables.items()},
    )


class _Unwatched:
    """Looks at no progress."""

    def stage(self, words: str) -> None:
        """Look away."""

    def parts(self, done: int, of: int) -> None:
        """Look away."""


def _unwatched(done: int) -> None:
    """Look at no progress."""
