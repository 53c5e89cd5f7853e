"""The work list of money: what no rule assigned, and what people said about it since.

A line is an event of its branch. Assigning it publishes the payment that the line would have
been, under the id that it would have had; so no line is counted twice, whoever is faster and
whatever is delivered again. Nothing is edited: a wrong assignment is reversed, and the next one
has the number of the assignment in its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import structlog
from asyncpg import Record
from msgspec import Struct
from msgspec.structs import replace

from events.codec import decode
from events.derived_ids import derived_id
from events.envelope import BranchId, CustomerId
from events.errors import EventError
from events.texts import worded
from events.touchpoints.payment import (
    MoneySetAside,
    MoneyUnassigned,
    PaymentReceived,
    PaymentReversed,
    RefundPaid,
)
from services.connectors.directory import Directories
from services.connectors.document import Feed
from services.connectors.identity import event_of
from services.connectors.money import RECEIVED, REFUNDED, RETURNED, payer_account
from services.connectors.ports import Event
from services.errors import Unavailable, UsageError
from services.intake.answers import Answer
from services.intake.draft import Scope as Sender
from services.intake.intake import Intake
from services.people.principal import Scope
from services.ports import Clock
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql
from services.search.payers import NEVER_THEIRS
from services.vault.subject_key import SealBroken
from services.vault.vault import PostgresVault, branch_subject

_LOG = structlog.get_logger(__name__)

SHOWN = 5_000
"""Lines that are looked through for those still open, the latest first."""

_REASSIGNED, _MISASSIGNED, _SET_ASIDE = "reassigned", "misassigned", "set-aside"
_MOST_ASSIGNMENTS = 9

State = Literal["open", "assigned", "set_aside"]


class WorkRefused(UsageError):
    """What was asked for about a line is not done; `detail` and `remedy` are worded."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.detail = detail
        self.remedy = remedy


class WorklistPlatform(Protocol):
    """The open parts of a platform that the work list takes."""

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        ...

    @property
    def vault(self) -> PostgresVault:
        """The keys that open what payers wrote."""
        ...

    @property
    def intake(self) -> Intake:
        """The way in."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


class WorkLine(Struct, frozen=True, kw_only=True):
    """A line of the work list, and how it stands; `repr` tells nobody who paid."""

    event_id: str
    branch_id: BranchId
    money: MoneyUnassigned
    booked_at: datetime
    recorded_at: datetime
    state: State = "open"
    assignment: int = 1  # the number of the one that stands, or of the next
    customer: CustomerId | None = None  # whose it is said to be, once the events table has it
    payment_id: str | None = None
    reason: str | None = None  # why it was set aside
    by: str | None = None
    payer: str | None = None
    payer_account: str | None = None
    text: str | None = None

    def __repr__(self) -> str:
        """Return what may be shown."""
        return f"WorkLine({self.money.money_id}, {self.state})"

    @property
    def feed(self) -> Feed:
        """Return the feed that brought it, as far as its events' ids need it."""
        return Feed(name=self.money.feed, format="", branch=self.branch_id, zone="UTC")

    def act_ids(self) -> Sequence[tuple[str, int, str]]:
        """Return the ids of all that may have been said about it: what, which time, the id."""
        source, key = self.feed.source, self.money.key
        found = [("set_aside", 1, derived_id(source, key, _SET_ASIDE))]
        for n in range(1, _MOST_ASSIGNMENTS + 1):
            again = key if n == 1 else (*key, str(n))
            found += [
                ("assigned", n, derived_id(source, again, block)) for block in self._blocks(n)
            ]
            found.append(("reversed", n, derived_id(source, (*key, str(n)), _MISASSIGNED)))
        return found

    def _blocks(self, n: int) -> Sequence[str]:
        if n > 1:
            return (_REASSIGNED,)
        return (RECEIVED,) if self.money.direction == "in" else (RETURNED, REFUNDED)


class Assignment(Struct, frozen=True, kw_only=True):
    """Whose a line is said to be. Of money that went out: which payment it takes back, or none."""

    customer: CustomerId
    invoice_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    reverses: str | None = None


class Worklist:
    """Lists, opens and settles money that no rule assigned."""

    def __init__(self, platform: WorklistPlatform) -> None:
        """Work on an open platform."""
        self._pool = platform.pool
        self._vault = platform.vault
        self._intake = platform.intake
        self._clock = platform.clock
        self._directories = Directories(platform)

    async def lines(self, scope: Scope, *, settled: bool = False) -> Sequence[WorkLine]:
        """Return the lines of the branches that may be seen, the latest first.

        Those that are settled stay out unless they are asked for. Raises: Unavailable.
        """
        branches = scope.branches
        if branches is None:
            rows = await retried(lambda: self._pool.fetch(sql("worklist_branches")))
            branches = frozenset(row["branch_id"] for row in rows)
        kind = MoneyUnassigned.event_type
        rows = await retried(
            lambda: self._pool.fetch(sql("worklist_lines"), sorted(branches), kind, SHOWN)
        )
        found = await self._stand([line for row in rows if (line := _line(row))])
        return [line for line in found if settled or line.state == "open"]

    async def line(self, scope: Scope, event_id: str) -> WorkLine:
        """Return a line as it stands. Raises: WorkRefused where there is none; Unavailable."""
        kind = MoneyUnassigned.event_type
        row = await retried(lambda: self._pool.fetchrow(sql("worklist_line"), event_id, kind))
        line = None if row is None else _line(row)
        if line is None or not scope.holds(line.branch_id):
            raise WorkRefused(
                worded("there is no such line on the work list"),
                worded("choose one of the list"),
            )
        [found] = await self._stand([line])
        return found

    async def opened(self, lines: Iterable[WorkLine]) -> Sequence[WorkLine]:
        """Return lines with what payers wrote, as far as it can be opened. Raises: Unavailable."""
        opened = []
        for line in lines:
            said: Mapping[str, str] = {}
            if line.money.sealed is not None:
                subject = branch_subject(line.branch_id)
                try:
                    fields = await self._vault.open(subject, line.event_id, line.money.sealed)
                    said = fields or {}
                except SealBroken:
                    _LOG.warning("worklist_seal_broken", event_id=line.event_id)
            opened.append(_with(line, said))
        return opened

    async def assign(self, line: WorkLine, to: Assignment, by: str) -> Answer:
        """Say whose a line is: the payment is published. Raises: WorkRefused, Unavailable."""
        if line.state == "assigned":
            raise WorkRefused(
                worded("it is assigned already"),
                worded("undo that first, if it is wrong"),
            )
        if line.assignment > _MOST_ASSIGNMENTS:
            raise WorkRefused(
                worded("it was assigned %(count)s times already", count=_MOST_ASSIGNMENTS),
                worded("set it aside, and record the payment by hand"),
            )
        known = await retried(lambda: self._pool.fetchval(sql("worklist_known"), to.customer))
        if not known:
            raise WorkRefused(
                worded("there is no customer %(customer)s", customer=to.customer),
                worded("choose a customer of the list, or register it first"),
            )
        if line.money.direction == "out" and to.reverses is not None:
            await self._check_payment(line, to.customer, to.reverses)
        [opened] = await self.opened([line])
        return await self._publish(line, _assigned(opened, to, by))

    async def _check_payment(self, line: WorkLine, customer: CustomerId, payment_id: str) -> None:
        """Let pass a payment that may be taken back: whole, once, and this customer's own."""
        known = await self._directories.payments_of(customer, line.money.amount)
        if all(one.is_reversed or one.payment_id != payment_id for one in known):
            raise WorkRefused(
                worded(
                    "this customer has no payment %(payment)s of just this amount that stands",
                    payment=payment_id,
                ),
                worded("give the payment that was taken back; leave it empty for a refund"),
            )

    async def undo(self, line: WorkLine, by: str) -> Answer:
        """Take back an assignment that was wrong. Raises: WorkRefused, Unavailable."""
        if line.state != "assigned" or line.money.direction == "out":
            raise WorkRefused(
                worded("there is no assignment of it that could be undone"),
                worded("only payments that came in are taken back"),
            )
        if line.customer is None or line.payment_id is None:
            raise Unavailable("its assignment is on its way to the rows; try again in a moment")
        event = event_of(
            line.feed,
            (*line.money.key, str(line.assignment)),
            _MISASSIGNED,
            PaymentReversed(payment_id=line.payment_id, reason=NEVER_THEIRS, by=by),
            at=self._clock.now(),
            subject=line.customer,
            causation=line.event_id,
        )
        return await self._publish(line, event)

    async def set_aside(self, line: WorkLine, reason: str, by: str) -> Answer:
        """Say that a line is no customer's money. Raises: WorkRefused, Unavailable."""
        if line.state != "open":
            raise WorkRefused(
                worded("it is settled already"), worded("undo that first, if it is wrong")
            )
        if not reason.strip():
            raise WorkRefused(
                worded("a reason is missing"), worded("say what money it is, in a few words")
            )
        data = MoneySetAside(money_id=line.money.money_id, reason=reason.strip(), by=by)
        event = event_of(
            line.feed,
            line.money.key,
            _SET_ASIDE,
            data,
            at=self._clock.now(),
            causation=line.event_id,
        )
        return await self._publish(line, event)

    async def _publish(self, line: WorkLine, event: Event) -> Answer:
        [answer] = await self._intake.submit(Sender(line.branch_id), [event], keep_refused=False)
        if answer.status == "refused" and answer.code == "conflict":
            raise WorkRefused(
                worded("somebody else has settled it just now"), worded("look at it again")
            )
        if answer.status == "refused":
            raise WorkRefused(answer.reason or "", answer.remedy or "")
        return answer

    async def _stand(self, lines: Sequence[WorkLine]) -> Sequence[WorkLine]:
        """Return lines with what was said about them since."""
        acts = {line.event_id: line.act_ids() for line in lines}
        ids = [one for found in acts.values() for _, _, one in found]
        if not ids:
            return lines
        rows = await retried(lambda: self._pool.fetch(sql("worklist_acts"), ids))
        said = {str(row["event_id"]): row for row in rows}
        return [_standing(line, acts[line.event_id], said) for line in lines]


def _line(row: Record) -> WorkLine | None:
    try:
        data = decode(row["data"])
    except EventError as error:
        _LOG.warning("worklist_unreadable", event_id=str(row["event_id"]), reason=str(error))
        return None
    assert isinstance(data, MoneyUnassigned)
    return WorkLine(
        event_id=str(row["event_id"]),
        branch_id=BranchId(row["branch_id"]),
        money=data,
        booked_at=row["effective_at"],
        recorded_at=row["recorded_at"],
    )


def _with(line: WorkLine, said: Mapping[str, str]) -> WorkLine:
    return replace(
        line,
        payer=said.get("payer"),
        payer_account=said.get("payer_account"),
        text=said.get("text"),
    )


def _standing(
    line: WorkLine, acts: Sequence[tuple[str, int, str]], said: Mapping[str, Record]
) -> WorkLine:
    """Return a line as what was said about it leaves it: the latest assignment counts."""
    there = {(what, n): said[one] for what, n, one in acts if one in said}
    last = max((n for what, n in there if what == "assigned"), default=0)
    if last and ("reversed", last) not in there:
        row = there["assigned", last]
        data = None if row["data"] is None else decode(row["data"])
        by = getattr(data, "by", None)
        found = row["customer_id"]
        return replace(
            line,
            state="assigned",
            assignment=last,
            customer=None if found is None else CustomerId(found),
            payment_id=getattr(data, "payment_id", None),
            by=by,
        )
    if ("set_aside", 1) in there:
        row = there["set_aside", 1]
        data = None if row["data"] is None else decode(row["data"])
        reason = data.reason if isinstance(data, MoneySetAside) else None
        by = data.by if isinstance(data, MoneySetAside) else None
        return replace(line, state="set_aside", assignment=last + 1, reason=reason, by=by)
    return replace(line, assignment=last + 1)


def _assigned(line: WorkLine, to: Assignment, by: str) -> Event:
    money, n = line.money, line.assignment
    key = money.key if n == 1 else (*money.key, str(n))
    payment_id = money.money_id if n == 1 else f"{money.money_id}/{n}"
    data: PaymentReceived | PaymentReversed | RefundPaid
    personal = None
    if money.direction == "in":
        block = RECEIVED
        data = PaymentReceived(
            payment_id=payment_id,
            amount=money.amount,
            invoice_ids=to.invoice_ids,
            order_ids=to.order_ids,
            bank_reference=money.bank_reference,
            method=money.method,
            by=by,
        )
        personal = payer_account(line.payer_account)
    elif to.reverses is not None:
        block, data = RETURNED, PaymentReversed(payment_id=to.reverses, reason="returned", by=by)
    else:
        block, data = REFUNDED, RefundPaid(refund_id=payment_id, amount=money.amount)
    return event_of(
        line.feed,
        key,
        block if n == 1 else _REASSIGNED,
        data,
        at=line.booked_at,
        subject=to.customer,
        personal=personal,
        causation=line.event_id,
    )
