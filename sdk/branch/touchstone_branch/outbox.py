"""The outbox: what is published lies safely here until the platform answers for it.

One SQLite file, written ahead and flushed with every change: whatever was returned survives a cut
of the power. Any number of processes publish into it; one sends from it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from touchstone_branch.clocks import Moment
from touchstone_branch.errors import DiskFull, NotPublishable, OutboxUnusable
from touchstone_branch.receipts import Receipt

FILE = "outbox.sqlite"
_SCRIPTS = ("outbox.sql", "ordered.sql")
"""What makes each format of the file out of the one before."""
_FORMAT = len(_SCRIPTS)
_PATIENCE_S = 30.0
_MB = 1024 * 1024
_CUSTOMER = "json_extract(event, '$.subject')"
_MINOR = "json_extract(event, '$.data.amount.minor')"
_CURRENCY = "json_extract(event, '$.data.amount.currency')"
_IS_ORDER = (
    "json_extract(event, '$.type') = 'order.placed' "
    f"AND typeof({_MINOR}) = 'integer' AND {_CUSTOMER} IS NOT NULL AND {_CURRENCY} IS NOT NULL"
)
_ROOM_OF_AN_EVENT = 4  # times its text: the row, its indexes, and all of it in the log ahead


@dataclass(frozen=True, slots=True)
class Row:
    """An event in the outbox."""

    n: int
    event_id: str
    source: str
    epoch: int
    sequence: int
    state: str
    event: dict[str, object]
    created: datetime
    published: Moment
    size: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a device's numbers."""

    source: str
    epoch: int
    next: int
    sent: int
    covered: int
    receipt: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A refused event: why, and what to do."""

    event_id: str
    source: str
    epoch: int
    sequence: int
    event: dict[str, object]
    code: str
    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is to be kept."""

    event_id: str
    source: str
    event: dict[str, object]
    created: datetime
    published: Moment
    digest: bytes | None  # of one whose id the caller gave


class Outbox:
    """The file of one branch in one directory. Close it, or use it in a `with` statement."""

    def __init__(self, directory: Path, branch: str, url: str, reserve_mb: int = 64) -> None:
        """Open it, or make it. Raises: OutboxUnusable, DiskFull."""
        self._directory = directory
        self._reserve = reserve_mb * _MB
        self._mutex = threading.RLock()
        with _usable():
            self._db = sqlite3.connect(
                directory / FILE, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._make(branch, url)
        [owner] = self._asked("SELECT branch FROM outbox")
        if owner["branch"] != branch:
            self.close()
            raise OutboxUnusable(
                f"this outbox is of branch {owner['branch']}, and the settings name {branch}: a "
                "disk was exchanged, or copied. Give it back to its branch; for a new branch "
                "install into an empty directory"
            )

    def _make(self, branch: str, url: str) -> None:
        with self._changing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _FORMAT:
                raise OutboxUnusable(
                    f"this outbox has format {version}, and this program knows {_FORMAT}: install "
                    "the newer touchstone-branch"
                )
            for name in _SCRIPTS[version:]:
                script = files("touchstone_branch").joinpath(name).read_text("utf-8")
                for statement in _statements(script):
                    self._db.execute(statement)
            if version == 0:
                self._db.execute("INSERT INTO outbox VALUES (1, ?, ?)", (branch, url))
            self._db.execute(f"PRAGMA user_version = {_FORMAT}")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Outbox:
        """Return the outbox itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # --- publishing ---

    def keep(self, draft: Draft) -> tuple[int, int]:
        """Keep an event and return its epoch and number; it is on the disk then.

        Raises: DiskFull, NotPublishable, OutboxUnusable; then nothing was kept.
        """
        text = json.dumps(draft.event, ensure_ascii=False, separators=(",", ":"))
        free = shutil.disk_usage(self._directory).free
        if free < self._reserve + _ROOM_OF_AN_EVENT * len(text.encode()):
            raise DiskFull(
                f"{free // _MB} MB are free where the outbox lies, and {self._reserve // _MB} MB "
                "are kept for sending what it holds: the event was not taken. Make room, then "
                "publish it again"
            )
        with _usable(), self._changing():
            if draft.digest is not None and (known := self._known(draft, draft.digest)):
                return known
            self._db.execute("INSERT OR IGNORE INTO sources (source) VALUES (?)", (draft.source,))
            epoch, number = self._db.execute(
                "UPDATE sources SET next = next + 1 WHERE source = ? RETURNING epoch, next - 1",
                (draft.source,),
            ).fetchone()
            if draft.digest is not None:
                self._db.execute(
                    "INSERT INTO given_ids VALUES (?, ?, ?, ?, ?)",
                    (draft.event_id, draft.digest, draft.source, epoch, number),
                )
            moment = draft.published
            self._db.execute(
                "INSERT INTO events (event_id, source, epoch, sequence, state, event, created, "
                "published, boot, ticks_ns) VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)",
                (
                    draft.event_id, draft.source, epoch, number, text, draft.created.isoformat(),
                    moment.at.isoformat(), moment.boot, moment.ticks_ns,
                ),
            )  # fmt: skip
        return epoch, number

    def _known(self, draft: Draft, digest: bytes) -> tuple[int, int] | None:
        """Return the number of the same event, if it was published. Raises: NotPublishable."""
        found = self._db.execute(
            "SELECT digest, epoch, sequence FROM given_ids WHERE event_id = ?", (draft.event_id,)
        ).fetchone()
        if found is None:
            return None
        if found["digest"] != digest:
            raise NotPublishable("event_id", "another event was published under this id")
        return found["epoch"], found["sequence"]

    # --- sending ---

    def sources(self) -> list[SourceState]:
        """Return what is known of each device."""
        return [SourceState(**row) for row in self._asked("SELECT * FROM sources")]

    def source(self, source: str) -> SourceState:
        """Return what is known of one device."""
        [found] = self._asked("SELECT * FROM sources WHERE source = ?", source)
        return SourceState(**found)

    def busy_sources(self) -> list[str]:
        """Return the devices with events to send or to be answered for, the oldest first."""
        rows = self._asked(
            "SELECT source, min(n) AS first FROM events WHERE state IN ('waiting', 'answered') "
            "GROUP BY source ORDER BY first"
        )
        return [row["source"] for row in rows]

    def batch(self, source: str, most: int, most_bytes: int) -> list[Row]:
        """Return what of a device is to be sent next, in order: at least one, if any waits."""
        rows: list[Row] = []
        size = 0
        for row in self._rows("state = 'waiting' AND source = ?", (source,), most):
            size += row.size
            if rows and size > most_bytes:
                break
            rows.append(row)
        return rows

    def waiting(self, source: str) -> list[Row]:
        """Return all that waits of a device, by epoch and number."""
        return self._rows("state = 'waiting' AND source = ?", (source,), -1)

    def around_answered(self, source: str) -> list[Row]:
        """Return the events of a device between those that were answered, by epoch and number."""
        spans = self._asked(
            "SELECT epoch, min(sequence) AS first, max(sequence) AS last FROM events "
            "WHERE state = 'answered' AND source = ? GROUP BY epoch ORDER BY epoch",
            source,
        )
        rows = []
        for span in spans:
            rows += self._rows(
                "source = ? AND epoch = ? AND sequence BETWEEN ? AND ?", (source, *span), -1
            )
        return rows

    def _rows(self, condition: str, given: tuple[object, ...], most: int) -> list[Row]:
        found = self._asked(
            f"SELECT * FROM events WHERE {condition} ORDER BY epoch, sequence LIMIT {most:d}",
            *given,
        )
        return [_row(one) for one in found]

    def note_sending(self, source: str, upto: int) -> None:
        """Write down, before it happens, that numbers up to this one are sent."""
        with _usable(), self._changing():
            self._db.execute(
                "UPDATE sources SET sent = max(sent, ?) WHERE source = ?", (upto, source)
            )

    def note_answers(self, answered: Iterable[int], refused: Iterable[tuple[int, str]]) -> None:
        """Write down which rows the platform has taken, and why it refused others (JSON)."""
        with _usable(), self._changing():
            self._db.executemany(
                "UPDATE events SET state = 'answered' WHERE n = ?", [(n,) for n in answered]
            )
            self._db.executemany(
                "UPDATE events SET state = 'refused', why = ? WHERE n = ?",
                [(why, n) for n, why in refused],
            )

    def cover(self, source: str, rows: Iterable[int], receipt: Receipt) -> None:
        """Let events go that a receipt covers, and keep the receipt; orders still count."""
        known_at = _text_of(receipt.issued)
        each = [(n,) for n in rows]
        with _usable(), self._changing():
            self._db.executemany(
                f"INSERT OR IGNORE INTO ordered SELECT event_id, {_CUSTOMER}, {_CURRENCY}, "
                f"{_MINOR}, ? FROM events WHERE n = ? AND {_IS_ORDER}",
                [(known_at, *one) for one in each],
            )
            gone = self._db.executemany("DELETE FROM events WHERE n = ?", each)
            self._db.execute(
                "UPDATE sources SET covered = covered + ?, receipt = ? WHERE source = ?",
                (max(gone.rowcount, 0), receipt.note, source),
            )

    def send_again(self, rows: Iterable[int]) -> None:
        """Have events sent again that were answered and that the platform does not hold."""
        with _usable(), self._changing():
            self._db.executemany(
                "UPDATE events SET state = 'waiting' WHERE n = ?", [(n,) for n in rows]
            )

    def open_epoch(self, source: str, epoch: int) -> None:
        """Give everything of a device that waits new numbers, in order, in a new epoch."""
        with _usable(), self._changing():
            waiting = self._db.execute(
                "SELECT n, event_id FROM events WHERE source = ? AND state = 'waiting' "
                "ORDER BY epoch, sequence",
                (source,),
            ).fetchall()
            for number, row in enumerate(waiting, 1):
                self._db.execute(
                    "UPDATE events SET epoch = ?, sequence = ? WHERE n = ?",
                    (epoch, number, row["n"]),
                )
                self._db.execute(
                    "UPDATE given_ids SET epoch = ?, sequence = ? WHERE event_id = ?",
                    (epoch, number, row["event_id"]),
                )
            self._db.execute(
                "UPDATE sources SET epoch = ?, next = ?, sent = 0 WHERE source = ?",
                (epoch, len(waiting) + 1, source),
            )

    def note_problem(self, source: str, problem: str) -> None:
        """Keep what somebody should know of a device."""
        with _usable(), self._changing():
            self._db.execute("UPDATE sources SET problem = ? WHERE source = ?", (problem, source))

    def forget_problems(self) -> None:
        """Forget what somebody should know of the devices: somebody does."""
        with _usable(), self._changing():
            self._db.execute("UPDATE sources SET problem = NULL")

    # --- refused events ---

    def set_aside(self, *, discarded: bool = False) -> list[SetAside]:
        """Return refused events, in the order in which they were published."""
        found = self._asked(
            "SELECT * FROM events WHERE state = ? ORDER BY n",
            "discarded" if discarded else "refused",
        )
        return [
            SetAside(
                row["event_id"], row["source"], row["epoch"], row["sequence"],
                json.loads(row["event"]), **json.loads(row["why"]),
            )
            for row in found
        ]  # fmt: skip

    def settle(self, event_id: str, event: dict[str, object] | None, why: str | None) -> bool:
        """Send a refused event again, mended, or discard it for a reason; False: there is none."""
        with _usable(), self._changing():
            if why is not None:
                done = self._db.execute(
                    "UPDATE events SET state = 'discarded', why = json_set(why, '$.remedy', ?) "
                    "WHERE event_id = ? AND state = 'refused'",
                    (why, event_id),
                )
            else:
                done = self._db.execute(
                    "UPDATE events SET state = 'waiting', why = NULL, event = coalesce(?, event) "
                    "WHERE event_id = ? AND state = 'refused'",
                    (event and json.dumps(event, ensure_ascii=False), event_id),
                )
        return done.rowcount == 1

    # --- what is known ---

    def counts(self) -> dict[str, int]:
        """Return how many events lie here, by state."""
        found = self._asked("SELECT state, count(*) AS n FROM events GROUP BY state")
        return {row["state"]: row["n"] for row in found}

    def oldest_waiting(self) -> datetime | None:
        """Return when the oldest event was published that the platform does not have."""
        found = self._asked(
            "SELECT published FROM events WHERE state = 'waiting' ORDER BY n LIMIT 1"
        )
        return datetime.fromisoformat(found[0]["published"]) if found else None

    def ordered_minor(self, customer: str, currency: str, since: datetime) -> int:
        """Return what a customer ordered here that words which know all before `since` do not
        count, in minor units: what lies here, and what the platform had no sooner than that.
        """
        [found] = self._asked(
            "SELECT coalesce(sum(minor), 0) AS minor FROM ("
            f"SELECT {_MINOR} AS minor FROM events WHERE state IN ('waiting', 'answered') "
            f"AND {_IS_ORDER} AND {_CUSTOMER} = ? AND {_CURRENCY} = ? "
            "UNION ALL "
            "SELECT minor FROM ordered WHERE customer = ? AND currency = ? AND known_at >= ?)",
            customer, currency, customer, currency, _text_of(since),
        )  # fmt: skip
        return int(found["minor"])

    def forget_ordered(self, before: datetime) -> None:
        """Forget orders that the platform had before an instant: newer words count them."""
        with _usable(), self._changing():
            self._db.execute("DELETE FROM ordered WHERE known_at < ?", (_text_of(before),))

    def note(self, name: str, at: datetime, text: str) -> None:
        """Keep a note, in place of the one of that name."""
        with _usable(), self._changing():
            self._db.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (name, at.isoformat(), text)
            )

    def noted(self, name: str) -> tuple[datetime, str] | None:
        """Return a note and when it was kept."""
        found = self._asked("SELECT at, text FROM notes WHERE name = ?", name)
        return (datetime.fromisoformat(found[0]["at"]), found[0]["text"]) if found else None

    def fault(self) -> str | None:
        """Return what is damaged in the file, or None."""
        said: str = self._asked("PRAGMA quick_check(1)")[0][0]
        return None if said == "ok" else said

    def _asked(self, question: str, *given: object) -> list[sqlite3.Row]:
        """Return rows, never of what another thread is still writing. Raises: OutboxUnusable."""
        with _usable(), self._mutex:
            return self._db.execute(question, given).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change the file as a whole or not at all; of a process's threads one at a time."""
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def _usable() -> Iterator[None]:
    """Say in words what SQLite cannot do. Raises: DiskFull, OutboxUnusable."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":  # misuse has no such name
            raise DiskFull(
                "the disk is full where the outbox lies: nothing was taken. Make room, then "
                "publish it again"
            ) from error
        raise OutboxUnusable(
            f"the outbox cannot be used: {error}. See `touchstone-branch doctor`"
        ) from error


def _text_of(at: datetime) -> str:
    """Write an instant so that earlier ones are lesser texts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _row(found: sqlite3.Row) -> Row:
    moment = Moment(datetime.fromisoformat(found["published"]), found["boot"], found["ticks_ns"])
    return Row(
        found["n"], found["event_id"], found["source"], found["epoch"], found["sequence"],
        found["state"], json.loads(found["event"]), datetime.fromisoformat(found["created"]),
        moment, len(found["event"].encode()),
    )  # fmt: skip


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
