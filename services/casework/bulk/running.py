"""A bulk as it runs: tried, it says who would be refused and then what would change; done, what
became of each item. Whoever stops listening ends it: what was done by then is done.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import structlog

from events.envelope import CustomerId, Position
from events.policy import Reference
from projections.merged import Merged
from services.casework.bulk.asking import Found, Item, Subjects, Unreadable, Verdict
from services.casework.bulk.lines import (
    Begin,
    ChangesLine,
    Decided,
    End,
    ItemLine,
    Line,
    Progress,
)
from services.casework.bulk.telling import Telling
from services.casework.comparing import compared
from services.casework.customers import Customers
from services.casework.executing import Done
from services.casework.undoing import Undo
from services.errors import Unavailable, UnreadableEvent
from services.intake.answers import EventRefused, token_through

_LOG = structlog.get_logger(__name__)

BLOCK = 500
"""Items whose streams are read together."""

FACTS_BLOCK = 64
"""Customers whose facts are read together."""

_LINES = 8
"""Items that are told together."""

_OUTAGES = 16
"""So many items in a row of which nothing is known: it is no fault of theirs, and it ends."""

T = TypeVar("T")

Lines = AsyncGenerator[list[Line]]


class Run(NamedTuple):
    """A bulk that is about to run."""

    subjects: Subjects
    found: Found
    telling: Telling
    undo: Undo


async def tried(run: Run, customers: Customers, reference: Reference) -> Lines:
    """Yield the lines of a bulk that is tried, some at a time: first all verdicts.

    Where the database is away, or nothing can be told of what is asked, it ends and says that it
    is not complete.
    """
    outcomes: Counter[str] = Counter()
    lines = _foretold(run, outcomes, customers, reference)
    try:
        async for some in lines:
            yield some
    except Exception as why:  # noqa: BLE001 - it is said on the last line, whatever it is
        if not isinstance(why, Unavailable):
            _LOG.exception("bulk_failed", tried=True)
        yield [End(complete=False, outcomes=outcomes)]
    finally:
        await lines.aclose()


async def _foretold(
    run: Run, outcomes: Counter[str], customers: Customers, reference: Reference
) -> Lines:
    items = run.found.items
    yield [_begin(run, tried=True)]
    would: list[Verdict] = []
    through = 0
    for block in _blocks(items, BLOCK):
        verdicts = await run.subjects.tried(block)
        lines: list[Line] = []
        for verdict in verdicts:
            line = run.telling.of_verdict(verdict)
            outcomes[line.outcome] += 1
            lines.append(line)
            if verdict.news:
                would.append(verdict)
        through += len(block)
        yield [*lines, Progress(done=through, count=len(items))]
    concerned = _by_customer(would)
    yield [Decided(outcomes=outcomes, customers=len(concerned))]
    async for lines in _changes(concerned, customers, reference):
        yield lines
    yield [End(complete=True, outcomes=outcomes)]


def _by_customer(verdicts: Sequence[Verdict]) -> dict[CustomerId, list[Verdict]]:
    """Return what would be recorded by customer; what is nobody's changes no rows."""
    found: dict[CustomerId, list[Verdict]] = {}
    for one in verdicts:
        if one.customer is not None:
            found.setdefault(one.customer, []).append(one)
    return found


async def _changes(
    concerned: Mapping[CustomerId, Sequence[Verdict]], customers: Customers, reference: Reference
) -> Lines:
    """Yield what would change, a few customers at a time; whom merges connect, together."""
    through: set[CustomerId] = set()
    for block in _blocks([*concerned], FACTS_BLOCK):
        asked = [one for one in block if one not in through]
        groups = await customers.read_each(asked)
        lines: list[Line] = []
        for customer in asked:
            if customer in through:
                continue
            group = groups.get(customer)
            if group is None:  # an event of it cannot be read
                through.add(customer)
                some = [one.item.id for one in concerned[customer]]
                lines.append(ChangesLine(items=some, changes=None))
                continue
            mine = [one for one in group.identity.customers if one in concerned]
            through.update(mine)
            lines.append(_told(group, {one: concerned[one] for one in mine}, reference))
            await asyncio.sleep(0)  # others have their turn
        yield [*lines, Progress(done=len(through), count=len(concerned))]


def _told(
    group: Merged, verdicts: Mapping[CustomerId, Sequence[Verdict]], reference: Reference
) -> ChangesLine:
    """Return what would change of a group; nothing is known of one that no projection can tell.

    Its rows are kept from what it does not understand, too, and its neighbours have theirs.
    """
    try:
        return _compared(group, verdicts, reference)
    except Exception:  # noqa: BLE001 - as a projector sets such customers aside
        _LOG.exception("bulk_changes_unknown", customers=len(verdicts))
        items = [one.item.id for some in verdicts.values() for one in some]
        return ChangesLine(items=items, changes=None)


def _compared(
    group: Merged, verdicts: Mapping[CustomerId, Sequence[Verdict]], reference: Reference
) -> ChangesLine:
    news = {
        customer: [fact for one in some for fact in one.news] for customer, some in verdicts.items()
    }
    at = max(fact.effective_at for some in news.values() for fact in some)
    return ChangesLine(
        items=[one.item.id for some in verdicts.values() for one in some],
        changes=compared(group, news, at, reference),
    )


async def done(run: Run) -> Lines:
    """Yield the lines of a bulk that is done, as items are through, in their order.

    Each item is done whole or not at all, whatever becomes of its neighbours.
    """
    yield [_begin(run, tried=False)]
    items = run.found.items
    outcomes: Counter[str] = Counter()
    reached: list[Position] = []
    outages = 0
    lines: list[Line] = []
    results = _results(run)
    try:
        async for line, positions in results:
            outcomes[line.outcome] += 1
            reached += positions
            outages = outages + 1 if line.outcome == "unavailable" else 0
            lines.append(line)
            if len(lines) == _LINES:
                yield [*lines, Progress(done=outcomes.total(), count=len(items))]
                lines = []
            if outages == _OUTAGES:
                break
    finally:
        await results.aclose()
    complete = outcomes.total() == len(items) and not outcomes["unavailable"]
    yield [*lines, End(complete=complete, outcomes=outcomes, position=token_through(reached))]


async def _results(run: Run) -> AsyncGenerator[tuple[ItemLine, Sequence[Position]]]:
    """Yield what became of each item; some are in work at once."""
    working: deque[asyncio.Task[tuple[ItemLine, Sequence[Position]]]] = deque()
    try:
        for item in run.found.items:
            working.append(asyncio.create_task(_one(run, item)))
            if len(working) == run.subjects.at_once:
                yield await working.popleft()
        while working:
            yield await working.popleft()
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def _one(run: Run, item: Item) -> tuple[ItemLine, Sequence[Position]]:
    """Do the command on one item; return what became of it, and how far a reader must get."""
    try:
        answer = await run.subjects.done(item)
    except Unavailable as why:
        return run.telling.of_outage(item, why), ()
    except UnreadableEvent as why:
        return run.telling.of_obstacle(item, item.version or 0, Unreadable(str(why))), ()
    except EventRefused as why:
        return run.telling.of_obstacle(item, item.version or 0, why), ()
    except Exception as why:  # noqa: BLE001 - it is this item's own fault, and is told as such
        _LOG.exception("bulk_item_failed")
        return run.telling.of_obstacle(item, item.version or 0, Unreadable(repr(why))), ()
    reached = [event.position for event in answer.own] if isinstance(answer, Done) else []
    return run.telling.of_answer(item, answer), reached


def _begin(run: Run, *, tried: bool) -> Begin:
    found = run.found
    return Begin(tried=tried, count=len(found.items), position=found.position, undo=run.undo)


def _blocks(whole: Sequence[T], length: int) -> Iterator[Sequence[T]]:
    return (whole[start : start + length] for start in range(0, len(whole), length))
