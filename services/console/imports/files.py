"""Files that are handed in by form: tried, imported, and what was refused of them."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import HTTP
from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated
from uuid import UUID

from fastapi import Path
from msgspec import structs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from events.texts import worded
from services.console.imports.words import ImportWords
from services.console.shared.i18n import speaker
from services.console.shared.parameters import Parameters
from services.console.shared.reading import branch_names
from services.console.shared.refusals import BadParameter
from services.console.shared.spreadsheet import plain
from services.console.shared.visit import TheVisit, Visit, page_router
from services.importing.mapping import shipped_mappings
from services.importing.uploads import RefusedRow, Upload
from services.people.principal import Right
from services.web.bodies import Held, Limits, read
from services.wording import cut

pages = page_router()

_MAX_BYTES = 16 * 1024 * 1024
_LIMITS = Limits(
    _MAX_BYTES,
    10**9,
    worded("send at most %(max_bytes)s bytes", max_bytes=_MAX_BYTES),
)
_HELD = Held(_LIMITS, 3 * _MAX_BYTES)
_SHOWN = 200
"""Refused rows that the page shows; the file has all."""

FilePath = Annotated[UUID, Path()]


@pages.post("/imports/files")
async def hand_in(visit: TheVisit) -> Response:
    """Take a file in and have it tried; what would be refused is shown before anything is sent."""
    visit.need(Right.PUBLISH)
    sent, name, content = await _sent_file(visit.request)
    mapping, branch = sent.get("mapping", ""), sent.get("branch", "")
    if mapping not in shipped_mappings():
        raise BadParameter("mapping", worded("there is no mapping of this name"))
    known = (await visit.console.everything.reference()).branches
    if branch not in known or not visit.principal.scope.holds(branch):
        raise BadParameter("branch", worded("this branch is not yours to import for"))
    if not content:
        raise BadParameter("file", worded("no file was chosen, or it is empty"))
    taken = await visit.console.uploads.take(
        branch, mapping, name, content, visit.principal.staff_id
    )
    return RedirectResponse(f"/imports/files/{taken}", HTTPStatus.SEE_OTHER)


@pages.get("/imports/files/{file}")
async def show_file(visit: TheVisit, file: FilePath) -> Response:
    """Show how far a file is, what came of it, and the rows that were refused."""
    visit.need(Right.PUBLISH)
    visit.asked(Parameters)
    upload = await _upload(visit, file)
    rows = await visit.console.uploads.refused(upload)
    sees = visit.principal.may(Right.SEE_PERSONS)
    if sees and rows:
        visit.shows_persons(())
    reference = await visit.console.everything.reference()
    context = {
        "upload": upload,
        "rows": rows[:_SHOWN],
        "count": len(rows),
        "shown": _SHOWN,
        "sees": sees,
        "zone": reference.zone_of(upload.branch_id),
        "branch_names": branch_names(reference, visit.language),
    }
    return visit.page("imports/file.html", "/imports", context)


@pages.post("/imports/files/{file}/begin")
async def begin_import(visit: TheVisit, file: FilePath) -> Response:
    """Import a file that was tried."""
    visit.need(Right.PUBLISH)
    upload = await _upload(visit, file)
    await visit.console.uploads.begin(upload.import_id)
    return RedirectResponse(f"/imports/files/{upload.import_id}", HTTPStatus.SEE_OTHER)


@pages.get("/imports/files/{file}/refused.csv")
async def download_refused(visit: TheVisit, file: FilePath) -> Response:
    """Give the refused rows as a file, each with the reason and the remedy behind its cells."""
    visit.need(Right.PUBLISH)
    upload = await _upload(visit, file)
    rows = await visit.console.uploads.refused(upload)
    if visit.principal.may(Right.SEE_PERSONS):
        visit.shows_persons(())
    else:  # where it is wrong and the remedy repeat nothing of what a row holds
        rows = [structs.replace(row, cells={}, reason="") for row in rows]
    headers = visit.headers() | {"Content-Disposition": 'attachment; filename="refused.csv"'}
    return Response(_csv(visit, rows), HTTPStatus.OK, headers, "text/csv; charset=utf-8")


def _csv(visit: Visit, rows: Sequence[RefusedRow]) -> str:
    say = speaker(visit.language)
    words, _ = ImportWords(say), say.gettext
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    written = io.StringIO()
    out = csv.writer(written)
    heads = (_("Line"), _("Column"), _("Reason"), _("Remedy"))
    out.writerow([*map(plain, columns), *heads])
    for row in rows:
        told = (row.column or "", words.told(row.why), words.told(row.mended_by))
        cells = (row.cells.get(name, "") for name in columns)
        out.writerow([*map(plain, cells), row.line, *map(plain, told)])
    return "\ufeff" + written.getvalue()


async def _upload(visit: Visit, file: UUID) -> Upload:
    """Return a file of a branch that the visitor may see. Raises: HTTPException."""
    found = await visit.console.uploads.find(str(file))
    if found is None or not visit.principal.scope.holds(found.branch_id):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


async def _sent_file(request: Request) -> tuple[dict[str, str], str, bytes]:
    """Return the fields of a form with one file, the file's name and what it holds.

    Raises: Problem.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise BadParameter("file", worded("this is no form that a page of the console sends"))
    with _HELD.body() as body:
        await read(request, body)
        head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
        return await asyncio.to_thread(_parted, head + bytes(body.content))


def _parted(form: bytes) -> tuple[dict[str, str], str, bytes]:
    message = message_from_bytes(form, policy=HTTP)  # of many short lines that takes seconds
    fields: dict[str, str] = {}
    name, content = "", b""
    for part in message.iter_parts():
        raw = part.get_payload(decode=True)
        if not isinstance(raw, bytes):
            continue  # a form within the form
        field = str(part.get_param("name", "", header="content-disposition"))
        called = part.get_filename()
        if called is None:
            fields[field] = raw.decode("utf-8", "replace").replace("\x00", "")
        else:
            name, content = cut(PurePath(called).name or "–", 200), raw
    return fields, name, content
