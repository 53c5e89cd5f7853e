"""The reading of an account's statement: its lines matched, and made into touchpoints.

Money that came in is made first and what was taken back last, each by day and key, so that the
order of a document's lines changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from events.derived_ids import derived_id
from events.envelope import CustomerId
from events.texts import worded
from events.touchpoints.payment import (
    MoneyUnassigned,
    PaymentReceived,
    PaymentReversed,
    RefundPaid,
)
from services.connectors.document import Feed
from services.connectors.identity import event_of
from services.connectors.matching import WHY, Match, Unmatched, which_payment, whose
from services.connectors.ports import (
    Directory,
    KnownPayment,
    Made,
    MadeEvent,
    NotMade,
    Questions,
)
from services.connectors.statement import StatementLine

RECEIVED, RETURNED, REFUNDED, UNASSIGNED = "received", "returned", "refunded", "unassigned"
"""Names of what a line may become: a part of the ids, never to change."""

_LONGEST_TEXT = 2_000


class StatementReading:
    """What a statement says: its lines, what is left out of it, and the controls that held."""

    def __init__(
        self,
        feed: Feed,
        lines: Sequence[StatementLine],
        ignored: Sequence[NotMade],
        controls: Sequence[str],
    ) -> None:
        """Take the lines of one document; a key stands once in them."""
        self.controls = controls
        self._feed = feed
        self._lines = sorted(lines, key=_order)
        self._ignored = list(ignored)
        self._earlier: dict[CustomerId, list[KnownPayment]] = {}
        self._taken_back: set[str] = set()

    @property
    def lines(self) -> int:
        """Return how many parts there are; what is left out is told with the first of them."""
        return max(len(self._lines), 1 if self._ignored else 0)

    def asks(self, start: int, stop: int) -> Questions:
        """Return what lines from `start` on and before `stop` need to know."""
        lines = self._lines[start:stop]
        back = [line for line in lines if line.kind == "returned"]
        return Questions(
            ids=frozenset(one for line in lines for one in self._ids(line)),
            references=frozenset(
                one
                for line in lines
                for one in (
                    *line.references,
                    *(candidate.plain for candidate in line.candidates),
                    *(line.payments if line.kind == "returned" else ()),
                )
            ),
            accounts=frozenset(line.account for line in lines if line.account),
            names=frozenset(name for line in lines for name in line.names),
            returned=frozenset(line.amount for line in back),
        )

    def made(self, start: int, stop: int, directory: Directory) -> Made:
        """Return what becomes of these lines; parts are made in order, each once."""
        events: list[MadeEvent] = []
        seen: list[NotMade] = []
        for line in self._lines[start:stop]:
            if directory.seen.isdisjoint(self._ids(line)):
                events.append(self._made(line, directory))
            else:
                seen.append(NotMade(key=line.key, why=worded("recorded before")))
        return Made(events=events, seen=seen, ignored=self._ignored if start == 0 else ())

    def _ids(self, line: StatementLine) -> Sequence[str]:
        """Return the ids that this line may have in the log, as a whole sum as well."""
        source = self._feed.source
        found = [derived_id(source, line.key, one) for one in (line.kind, UNASSIGNED)]
        if line.whole is not None:
            found.append(derived_id(source, line.whole, UNASSIGNED))
        elif line.unclear == "batch_not_split":
            found += [derived_id(source, (*line.key, "1"), one) for one in (RECEIVED, UNASSIGNED)]
        return found

    def _made(self, line: StatementLine, directory: Directory) -> MadeEvent:
        if line.unclear is not None:
            return self._unassigned(line, line.unclear)
        match line.kind:
            case "received":
                return self._received(line, directory)
            case "returned":
                return self._returned(line, directory)
            case "refunded":
                return self._refunded(line, directory)

    def _received(self, line: StatementLine, directory: Directory) -> MadeEvent:
        found = whose(line, directory)
        if isinstance(found, Unmatched):
            return self._unassigned(line, found.why)
        head = directory.head(found.customer)
        payment = KnownPayment(line.payment_id, line.amount)
        self._earlier.setdefault(head, []).append(payment)
        event = event_of(
            self._feed,
            line.key,
            RECEIVED,
            payment_of(line, found),
            at=line.at,
            subject=found.customer,
            personal=payer_account(line.written_account),
        )
        return MadeEvent(key=line.key, block=RECEIVED, event=event, because=found.because)

    def _returned(self, line: StatementLine, directory: Directory) -> MadeEvent:
        found = which_payment(line, directory, self._earlier, self._taken_back)
        if isinstance(found, Unmatched):
            return self._unassigned(line, found.why)
        self._taken_back.add(found.payment_id)
        event = event_of(
            self._feed,
            line.key,
            RETURNED,
            PaymentReversed(payment_id=found.payment_id, reason=line.reason),
            at=line.at,
            subject=found.customer,
        )
        return MadeEvent(key=line.key, block=RETURNED, event=event, because=found.because)

    def _refunded(self, line: StatementLine, directory: Directory) -> MadeEvent:
        found = whose(line, directory)
        if isinstance(found, Unmatched):
            return self._unassigned(line, found.why)
        data = RefundPaid(refund_id=line.payment_id, amount=line.amount)
        event = event_of(self._feed, line.key, REFUNDED, data, at=line.at, subject=found.customer)
        return MadeEvent(key=line.key, block=REFUNDED, event=event, because=found.because)

    def _unassigned(self, line: StatementLine, why: str) -> MadeEvent:
        data = MoneyUnassigned(
            money_id=money_id(self._feed, line.key),
            feed=self._feed.name,
            key=line.key,
            amount=line.amount,
            direction="in" if line.kind == "received" else "out",
            booked_on=line.at.date(),
            why=why,
            bank_reference=line.bank_reference,
            method=line.method,
        )
        said = {
            "payer": line.payer,
            "payer_account": line.written_account,
            "text": line.text[:_LONGEST_TEXT] or None,
        }
        personal = {name: text for name, text in said.items() if text}
        event = event_of(self._feed, line.key, UNASSIGNED, data, at=line.at, personal=personal)
        because = worded(WHY[why])
        return MadeEvent(
            key=line.key, block=UNASSIGNED, event=event, because=because, for_worklist=True
        )


def payment_of(line: StatementLine, found: Match) -> PaymentReceived:
    """Return the payment that a line is."""
    return PaymentReceived(
        payment_id=line.payment_id,
        amount=line.amount,
        invoice_ids=found.invoice_ids,
        order_ids=found.order_ids,
        bank_reference=line.bank_reference,
        method=line.method,
    )


def payer_account(written: str | None) -> dict[str, str] | None:
    """Return the personal fields of a payment from an account, if one is known."""
    return None if written is None else {"payer_account": written}


def money_id(feed: Feed, key: Sequence[str]) -> str:
    """Return what a line is called in every event about it."""
    return f"{feed.name}:{'/'.join(key)}"


def _order(line: StatementLine) -> tuple[object, ...]:
    key = tuple(part.zfill(20) if part.isdecimal() else part for part in line.key)
    return (line.kind != "received", line.at, key)
