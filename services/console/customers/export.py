"""The customers that a filter finds as a file for a spreadsheet, written while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping

from events.money import from_minor
from services.console.customers.listing import CustomerFilter, Listed, listed
from services.console.shared.i18n import speaker
from services.console.shared.parameters import Parameters
from services.console.shared.persons import Person, persons
from services.console.shared.reading import branch_names
from services.console.shared.spreadsheet import plain
from services.console.shared.visit import Visit
from services.console.value.words import ValueWords

MOST_EXPORTED = 100_000
_PART = 500


async def csv_parts(visit: Visit, wanted: CustomerFilter) -> AsyncIterator[bytes]:
    """Yield the file in parts: UTF-8 with a mark, amounts as plain numbers, texts never formulas.

    Each part is read as the rows stand then; no connection is held while the reader is slow.
    """
    _ = speaker(visit.language).gettext
    yield "\ufeff".encode() + _written(
        [
            [
                _("Customer"), _("Name"), _("Branch"), _("Tier"), _("Segment"), _("Score"),
                _("Value"), _("Currency"), _("Last purchase"), _("Tier drops on"),
                _("Outstanding"), _("Overdue"), _("Owed in"),
            ]
        ]
    )  # fmt: skip
    signer = await visit.console.signer()
    cursor: str | None = None
    while True:
        async with visit.rows(visit.console.everything, Parameters(), tagged=False) as reader:
            page = await listed(reader, wanted, _PART, signer, cursor)
            names = branch_names(reader.reference, visit.language)
        who = await persons(visit, [one.customer_id for one in page.entries])
        words = ValueWords(speaker(visit.language))
        await visit.console.looks.kept()
        yield _written([row for one in page.entries for row in _rows(one, who, names, words)])
        cursor = page.next_cursor
        if cursor is None:
            return


def _rows(
    one: Listed, who: Mapping[str, Person], names: Mapping[str, str], words: ValueWords
) -> list[list[str]]:
    """Return a customer's lines: one, and one more for each other currency that it owes in."""
    row, person = one.row, who.get(one.customer_id)
    about = [
        one.customer_id,
        (person.name if person else None) or "",
        names.get(row.branch_id or "", row.branch_id or ""),
        words.tier(row.tier),
        row.segment or "",
    ]
    worth = [
        str(from_minor(one.figures.score_minor, row.currency)),
        str(from_minor(one.figures.contemporary_minor, row.currency)),
        row.currency,
        row.last_purchase_on.isoformat() if row.last_purchase_on else "",
        row.drop_at.date().isoformat() if row.drop_at else "",
    ]
    owed = [
        [
            str(from_minor(of.outstanding_minor, of.currency)),
            str(from_minor(of.overdue_minor, of.currency)),
            of.currency,
        ]
        for of in one.owed
    ] or [["", "", ""]]
    told = [plain(text) for text in about]
    return [[*told, *(worth if n == 0 else [""] * len(worth)), *of] for n, of in enumerate(owed)]


def _written(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
