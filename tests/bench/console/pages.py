"""What viewers ask for: every page, filters of it, and the bare query of the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

import asyncpg
from msgspec import Struct

from projections import PROJECTIONS
from services.rows.row_tables import tables_of

_TABLES = {name: table.name for one in PROJECTIONS for name, table in tables_of(one).items()}


class Asked(NamedTuple):
    """A page, or a filter of it: whether the earlier build has it, and the bare query beside."""

    name: str
    path: str
    both: bool
    bare: str | None = None


class LookedFor(Struct, frozen=True):
    """A customer who is looked for by what one remembers."""

    customer: str
    name: str = ""
    phone: str = ""


class Sample(NamedTuple):
    """Names that a company has, to ask by."""

    customer: str
    branch: str
    department: str
    case: str


_SAMPLE = """
SELECT (SELECT customer_id FROM {cases} c WHERE customer_id IN (
            SELECT customer_id FROM {items} WHERE balance_minor > 0)
        AND length(customer_id) < 9 ORDER BY customer_id LIMIT 1) AS customer,
       (SELECT branch_id FROM {items} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) AS branch,
       coalesce((SELECT department FROM {cases} WHERE department IS NOT NULL
                 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1), 'service') AS department,
       (SELECT case_id FROM {cases} WHERE length(customer_id) < 9
        ORDER BY opened_at DESC LIMIT 1) AS case
"""


async def sample(dsn: str) -> Sample:
    """Return whom to ask for, in a company that was laid in."""
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(_SAMPLE.format(**_TABLES))
        assert row is not None
        return Sample(*(str(value) for value in row.values()))
    finally:
        await connection.close()


def searches(for_: LookedFor) -> list[Asked]:
    """Return the searches for a customer, and for all who are called or numbered alike."""
    typed = {
        "name": for_.name,
        "two letters of a name": for_.name[:2],
        "telephone number": for_.phone,
        "last four digits": for_.phone[-4:],
        "customer's id": for_.customer,
        "name that nobody has": "欧阳不存在",
    }
    asked = [
        Asked(f"search: {what}", f"/search?q={quote(text)}", both=False)
        for what, text in typed.items()
        if text
    ]
    suggested = Asked("suggestions", f"/search/suggest?q={quote(for_.name[:2])}", both=False)
    return [*asked, suggested] if for_.name else asked


def asked(of: Sample, served: Iterable[str]) -> list[Asked]:
    """Return what is asked for; pages that are served and not known here are asked for as they are.

    Files of everything that a filter finds are no pages. A bare query reads
    the rows that the page lists, by the same index.
    """
    items, cases = _TABLES["items"], _TABLES["cases"]
    worklist = f"SELECT * FROM {items} i WHERE {{}} ORDER BY {{}} LIMIT 51"
    open_ = "i.balance_minor > 0"
    branch = f"i.branch_id = '{of.branch}'"
    by_day = "due_on, customer_id, item_id"
    alerts = "SELECT * FROM alerts {}ORDER BY since DESC, alert_id LIMIT 51"
    known = [
        Asked("overview", "/", True, "SELECT measure, sum(count), sum(amount_minor) FROM totals "
              "WHERE measure = 'open' GROUP BY measure"),
        Asked("receivables", "/receivables", True, worklist.format(open_, by_day)),
        Asked("receivables of a branch", f"/receivables?branch={of.branch}", True,
              worklist.format(f"{open_} AND {branch}", by_day)),
        Asked("receivables of a bucket", "/receivables?bucket=2", True, None),
        Asked("receivables of a level", "/receivables?level=1", True, None),
        Asked("alerts", "/alerts", True, alerts.format("")),
        Asked("alerts of a kind", "/alerts?kind=overdue", True, None),
        Asked("alerts of a branch", f"/alerts?branch={of.branch}", True,
              alerts.format(f"WHERE branch_id = '{of.branch}' ")),
        Asked("alert journal", "/alerts/journal", True,
              "SELECT * FROM alert_journal ORDER BY ordinal DESC LIMIT 51"),
        Asked("cases", "/cases", True, None),
        Asked("cases of a department", f"/cases?department={of.department}", True, None),
        # Not both: the earlier build had a field to type an id into there, and no list.
        Asked("customers", "/customers", False, None),
        Asked("customer", f"/customers/{of.customer}", True,
              f"SELECT * FROM {items} WHERE customer_id = '{of.customer}'"),
        Asked("customer's timeline", f"/customers/{of.customer}/timeline", True, None),
        Asked("case", f"/cases/{of.case}", False,
              f"SELECT * FROM {cases} WHERE customer_id = '{of.customer}'"),
        Asked("case owners", "/cases/owners", False, None),
        Asked("case deadlines", "/cases/deadlines", False, None),
        Asked("credit work", "/credit", False, None),
        Asked("credit overdue by amount", "/credit?phase=overdue&currency=CNY&sort=amount", False,
              worklist.format(f"{open_} AND i.currency = 'CNY'", "-balance_minor, customer_id")),
        Asked("service", "/service", False, None),
    ]  # fmt: skip
    named = {one.path.partition("?")[0] for one in known}
    named |= {"/search", "/search/suggest"}  # with what is typed
    named |= {path for path in served if path.endswith(".csv")}
    more = [Asked(path, path, False) for path in served if path not in named]
    there = set(served)
    return [one for one in known if _is_served(one.path, there)] + more


def _is_served(path: str, served: set[str]) -> bool:
    """Return whether a page is there; those of one customer or case are, always."""
    bare = path.partition("?")[0]
    return bare in served or (bare.count("/") > 1 and not bare.startswith("/alerts"))
