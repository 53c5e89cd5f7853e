"""Files handed in by form: kept sealed, tried, imported in the background, and their journal.

Only one process imports at a time, under a lock of its session. One that ends in the middle
leaves the file to the next, which begins it anew: what was taken is not taken twice.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import msgspec
import structlog
from asyncpg import Record
from msgspec import Struct

from events.envelope import BranchId
from events.texts import spelled, unspelled, worded
from services.errors import Unavailable, UsageError
from services.importing.cells import Row
from services.importing.compiling import load_mapping
from services.importing.importer import Job, import_file
from services.importing.publisher import DryRun, Publisher
from services.importing.report import Line, Report
from services.importing.rows import open_rows, scan
from services.intake.answers import Answer
from services.intake.draft import Scope
from services.platform import Platform
from services.postgres.alone import held_alone
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.vault.vault import branch_subject

_LOG = structlog.get_logger(__name__)

MOST_REFUSED = 5_000
"""Refused rows that are kept of a file: more are no slips of the pen, but the wrong file."""

KEPT_DAYS = 90
"""How long the journal and its refused rows are kept."""

_FAILED = worded("the platform failed in a way that it should not")

_PART_BYTES = 512 * 1024
_LOOK_EVERY_S = 10.0
_TELL_EVERY_ROWS = 500


class Upload(Struct, frozen=True):
    """A file that was handed in, and how far it is."""

    import_id: str
    branch_id: str
    mapping: str
    file_name: str
    bytes: int
    staff_id: str
    received_at: datetime
    state: str  # trying, tried, importing, imported, unusable
    rows: int
    done: int
    report: Report | None  # the counts
    why: str | None  # why the file cannot be used, worded
    ended_at: datetime | None


class RefusedRow(Struct, frozen=True):
    """A row that was refused: where it begins, why, the remedy, and its cells by column."""

    line: int
    column: str | None
    reason: object  # worded, as it is kept
    remedy: object
    cells: dict[str, str]

    @property
    def why(self) -> str:
        """Return the reason so that it can be told in any language."""
        return unspelled(self.reason)

    @property
    def mended_by(self) -> str:
        """Return the remedy in the same way."""
        return unspelled(self.remedy)


class _OfBranch:
    """Publishes as a branch may, and keeps no refused event: the journal has its row."""

    target = "this platform"

    def __init__(self, platform: Platform, branch: str) -> None:
        self._intake = platform.intake
        self._scope = Scope(BranchId(branch))

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        """Return one answer per event. Raises: Unavailable."""
        return await self._intake.submit(self._scope, events, keep_refused=False)


class Uploads:
    """The files of a platform that were handed in by form."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._news = asyncio.Event()

    async def take(
        self, branch: str, mapping: str, file_name: str, content: bytes, staff_id: str
    ) -> str:
        """Keep a file that is to be tried; return its id. Raises: Unavailable."""
        subject = branch_subject(branch)
        key = (await self._platform.vault.prepare([subject]))[subject]
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                import_id = await connection.fetchval(
                    sql("import_take"), branch, mapping, file_name, len(content), staff_id,
                    self._platform.clock.now(),
                )  # fmt: skip
                parts = [
                    content[start : start + _PART_BYTES]
                    for start in range(0, len(content), _PART_BYTES)
                ]
                sealed = [
                    (import_id, n, key.seal(str(import_id), {"part": b64encode(one).decode()}))
                    for n, one in enumerate(parts)
                ]
                await connection.copy_records_to_table(
                    "import_parts", records=sealed, columns=("import_id", "part", "sealed")
                )
        self._news.set()
        return str(import_id)

    async def begin(self, import_id: str) -> None:
        """Have a file imported that was tried. Raises: UsageError, Unavailable."""
        with translated():
            await self._pool.execute(sql("import_begin"), UUID(import_id))
        self._news.set()

    async def find(self, import_id: str) -> Upload | None:
        """Return a file that was handed in. Raises: Unavailable."""
        with translated():
            row = await self._pool.fetchrow(sql("import_find"), UUID(import_id))
        return None if row is None else _upload(row)

    async def latest(self, branches: Sequence[str] | None, limit: int) -> Sequence[Upload]:
        """Return the files handed in last, of some branches or of all. Raises: Unavailable."""
        with translated():
            return [
                _upload(row)
                for row in await self._pool.fetch(sql("imports_latest"), branches, limit)
            ]

    async def refused(self, upload: Upload) -> Sequence[RefusedRow]:
        """Return the rows that were refused. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("import_rows"), UUID(upload.import_id))
        found = []
        for row in rows:
            opened = await self._opened(upload, row["sealed"])
            found.append(msgspec.json.decode(opened["row"], type=RefusedRow))
        return found

    async def run(self) -> None:
        """Try and import whatever is handed in, one after the other, until this is cancelled."""
        while True:
            self._news.clear()
            try:
                async with held_alone(self._pool, "touchstone imports", _LOOK_EVERY_S):
                    while await self.work_on_next():
                        pass
            except Unavailable as error:
                _LOG.warning("imports_wait", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_EVERY_S)

    async def work_on_next(self) -> bool:
        """Try or import the file that waits for the longest; return whether there was one.

        Raises: Unavailable.
        """
        with translated():
            oldest = self._platform.clock.now() - timedelta(days=KEPT_DAYS)
            await self._pool.execute(sql("imports_expire"), oldest)
            row = await self._pool.fetchrow(sql("import_next"))
        if row is None:
            return False
        upload = _upload(row)
        with TemporaryDirectory(prefix="touchstone-import-") as folder:
            path = Path(folder) / "file"
            path.write_bytes(await self._content(upload))
            try:
                await self._import(upload, path)
            except UsageError as error:  # of the whole file: it would be so again
                await self._unusable(upload, _named(error.args[0], path, upload.file_name))
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - it is this file's own fault, and is told as such
                _LOG.exception("import_failed", import_id=upload.import_id)
                await self._unusable(upload, _FAILED)
        return True

    async def _unusable(self, upload: Upload, why: str) -> None:
        told = msgspec.json.encode(spelled(why)).decode()
        now = self._platform.clock.now()
        with translated():
            await self._pool.execute(sql("import_unusable"), UUID(upload.import_id), told, now)

    async def _import(self, upload: Upload, path: Path) -> None:
        dry = upload.state == "trying"
        mapping = load_mapping(upload.mapping)
        job = Job(path=path, mapping=mapping, branch=upload.branch_id, dry_run=dry)
        found = await asyncio.to_thread(scan, path, mapping)
        refused: dict[int, Line] = {}
        telling: set[asyncio.Task[None]] = set()

        def heard(line: Line) -> None:
            if line.trouble == "refused" and len(refused) < MOST_REFUSED:
                refused.setdefault(line.line, line)

        def tick(done: int, rows: int) -> None:
            if done % _TELL_EVERY_ROWS == 0 or done == rows or not telling:
                told = asyncio.create_task(self._progress(upload, done, rows))
                telling.add(told)
                told.add_done_callback(telling.discard)

        publisher: Publisher = (
            DryRun(upload.branch_id, self._platform.clock)
            if dry
            else _OfBranch(self._platform, upload.branch_id)
        )
        report = await import_file(job, publisher, None, tick, found, heard)
        await asyncio.gather(*telling, return_exceptions=True)
        rows = await asyncio.to_thread(_refused_rows, job, refused)
        await self._done(upload, report, rows)

    async def _progress(self, upload: Upload, done: int, rows: int) -> None:
        with suppress(Unavailable), translated():
            await self._pool.execute(sql("import_progress"), UUID(upload.import_id), done, rows)

    async def _done(self, upload: Upload, report: Report, rows: Sequence[RefusedRow]) -> None:
        subject = branch_subject(upload.branch_id)
        key = (await self._platform.vault.prepare([subject]))[subject]
        report.lines = []  # the rows are kept, sealed
        sealed = [
            (
                UUID(upload.import_id),
                n,
                key.seal(upload.import_id, {"row": msgspec.json.encode(one).decode()}),
            )
            for n, one in enumerate(rows)
        ]
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(sql("import_forget_rows"), UUID(upload.import_id))
                await connection.copy_records_to_table(
                    "import_rows", records=sealed, columns=("import_id", "n", "sealed")
                )
                await connection.execute(
                    sql("import_done"),
                    UUID(upload.import_id),
                    msgspec.json.encode(report).decode(),
                    self._platform.clock.now(),
                )

    async def _content(self, upload: Upload) -> bytes:
        with translated():
            rows = await self._pool.fetch(sql("import_parts"), UUID(upload.import_id))
        parts = [(await self._opened(upload, row["sealed"]))["part"] for row in rows]
        return b"".join(b64decode(part) for part in parts)

    async def _opened(self, upload: Upload, sealed: bytes) -> dict[str, str]:
        subject = branch_subject(upload.branch_id)
        return dict(await self._platform.vault.open(subject, upload.import_id, sealed) or {})

    @property
    def _pool(self) -> Pool:
        return self._platform.pool


def _refused_rows(job: Job, refused: dict[int, Line]) -> list[RefusedRow]:
    """Return refused rows with their cells, which are read once more."""
    if not refused:
        return []
    cells: dict[int, dict[str, str]] = {}
    for row in open_rows(job.path, job.mapping):
        if row.line in refused and isinstance(row, Row):
            cells[row.line] = {
                name: "" if value is None else str(value) for name, value in row.cells.items()
            }
    return [
        RefusedRow(n, one.column, spelled(one.reason), spelled(one.remedy), cells.get(n, {}))
        for n, one in sorted(refused.items())
    ]


def _named(text: str, path: Path, name: str) -> str:
    """Return what is wrong with a file under the name that its sender knows it by."""
    data = msgspec.json.decode(
        msgspec.json.encode(spelled(text)).replace(
            msgspec.json.encode(str(path))[1:-1], msgspec.json.encode(name)[1:-1]
        )
    )
    return unspelled(data)


def _upload(row: Record) -> Upload:
    fields = {name: row[name] for name in Upload.__struct_fields__}
    fields["import_id"] = str(row["import_id"])
    if row["report"] is not None:
        fields["report"] = msgspec.json.decode(row["report"], type=Report)
    if row["why"] is not None:
        fields["why"] = unspelled(msgspec.json.decode(row["why"]))
    return Upload(**fields)
