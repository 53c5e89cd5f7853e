"""Lists whose entries one command is given on: all that a filter finds, or those that were ticked.

A list is told by its query, and read by its own filter: a bulk reaches what the list shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from events.texts import worded
from services.casework.alerts import identity_of
from services.casework.bulk.asking import MOST_ITEMS, Found, Item
from services.casework.problems import said
from services.console.acting.person import Actor
from services.console.acting.subjects import Of
from services.console.alerts.parameters import AlertsParameters
from services.console.alerts.standing import alerts_found
from services.console.cases.parameters import CasesParameters
from services.console.cases.worklist import case_ids
from services.console.credit.parameters import CreditParameters
from services.console.credit.work import customers_with_work
from services.console.receivables.parameters import ItemsParameters
from services.console.receivables.worklist import customers_found
from services.console.shared.page import INSTANTS, SCHEME
from services.console.shared.parameters import parameters_of
from services.console.shared.reading import Reader
from services.web.problems import Problem

ListName = Literal["cases", "receivables", "credit", "alerts"]
Pairs = Sequence[tuple[str, str]]
Find = Callable[[Reader, Pairs, int], Awaitable[Sequence[str]]]

PICK, FROM = "pick", "list"
"""Parameters of what was ticked: each entry, and the query of the list that it stands in."""


class Listed(NamedTuple):
    """A list: what its entries are commanded as, by which commands, and how it is read.

    The commands say the same of each of many; the others name what only one has.
    """

    path: str
    of: Of
    words: Sequence[str]
    found: Find


async def _cases(reader: Reader, pairs: Pairs, most: int) -> Sequence[str]:
    return await case_ids(reader, parameters_of(CasesParameters, pairs).case_filter(), most)


async def _owing(reader: Reader, pairs: Pairs, most: int) -> Sequence[str]:
    wanted = parameters_of(ItemsParameters, pairs).work_filter()
    return await customers_found(reader, wanted, most)


async def _with_work(reader: Reader, pairs: Pairs, most: int) -> Sequence[str]:
    wanted = parameters_of(CreditParameters, pairs).work_filter()
    return await customers_with_work(reader, wanted, most)


async def _alerts(reader: Reader, pairs: Pairs, most: int) -> Sequence[str]:
    wanted = parameters_of(AlertsParameters, pairs).standing_filter()
    return await alerts_found(reader, wanted, most)


_OF_CASES = (
    "assign", "take", "hand-off", "note", "tell-customer", "set-priority", "hold-dunning",
    "put-off", "bring-back", "wait", "resume", "resolve", "close", "reopen", "decline",
    "mark-duplicate",
)  # fmt: skip
_OF_ACCOUNTS = ("record-promise", "override-credit", "set-credit-limit")
_OF_ALERTS = ("acknowledge", "snooze", "delegate")

LISTS: Mapping[ListName, Listed] = {
    "cases": Listed("/cases", "cases", _OF_CASES, _cases),
    "receivables": Listed("/receivables", "customers", _OF_ACCOUNTS, _owing),
    "credit": Listed("/credit", "customers", _OF_ACCOUNTS, _with_work),
    "alerts": Listed("/alerts", "alerts", _OF_ALERTS, _alerts),
}


class Where(NamedTuple):
    """Which entries of a list are meant."""

    listed: Listed
    query: str
    ticked: Sequence[str] | None  # None: all that the filter finds

    @property
    def back(self) -> str:
        """Return the address of the list that one came from."""
        query = self.query
        if self.ticked is not None:
            query = dict(parse_qsl(query)).get(FROM, "")
        return f"{self.listed.path}?{query}" if query else self.listed.path


def where(name: ListName, query: str) -> Where:
    """Return what a query means of a list. Raises: Problem, where nothing was ticked."""
    pairs = parse_qsl(query)
    ticked = [value for key, value in pairs if key == PICK]
    if not ticked and any(key == FROM for key, _ in parse_qsl(query, keep_blank_values=True)):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "nothing_ticked",
            worded("nothing is ticked"),
            worded("go back and tick some of the list"),
            field=PICK,
        )
    return Where(LISTS[name], query, list(dict.fromkeys(ticked)) if ticked else None)


async def found(who: Actor, wanted: Where) -> Found:
    """Return the entries that are meant, as far as the visitor sees them.

    Raises: Problem, Unavailable.
    """
    visit = who.visit
    pairs = [pair for pair in parse_qsl(wanted.query) if pair[0] not in (SCHEME, *INSTANTS)]
    async with visit.console.everything.reading(visit.principal) as reader:
        if wanted.ticked is None:
            names = await wanted.listed.found(reader, pairs, MOST_ITEMS + 1)
        else:
            seen = await _seen(reader, wanted.listed.of, wanted.ticked)
            names = [one for one in wanted.ticked if one in seen]
        position = reader.position
    if len(names) > MOST_ITEMS:
        raise said("bulk_too_many", visit.language, field="where", most=MOST_ITEMS)
    return Found([Item(one) for one in names], position)


async def named(who: Actor, of: Of, texts: Sequence[str]) -> Found:
    """Return the items that were tried, as far as the visitor sees them. Raises: Unavailable."""
    items = []
    for line in "".join(texts).splitlines()[:MOST_ITEMS]:
        version, _, identity = line.partition(" ")
        if version.isdecimal() and identity:
            items.append(Item(identity, int(version)))
    visit = who.visit
    async with visit.console.everything.reading(visit.principal) as reader:
        seen = await _seen(reader, of, [item.id for item in items])
    return Found([item for item in items if item.id in seen], None)


async def _seen(reader: Reader, of: Of, names: Sequence[str]) -> frozenset[str]:
    if of == "alerts":
        asked = [identity for one in names if (identity := identity_of(one))]
    else:
        asked = [one for one in names if "\x00" not in one]  # which no text of the database holds
    rows = await reader.ask(f"acting/{of}_seen", asked)
    return frozenset(row[0] for row in rows)
