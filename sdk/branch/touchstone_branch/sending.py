"""The sender: delivers what waits in order, and lets go of what receipts cover."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from touchstone_branch.clocks import BranchClock, PlatformTime, sent_and_collected
from touchstone_branch.errors import BranchError, LineDown, TooMuch
from touchstone_branch.notes import Verifier
from touchstone_branch.outbox import Outbox, Row
from touchstone_branch.platform import Answer
from touchstone_branch.receipts import Receipt, read_receipt

_MOST_EVENTS = 500
_MOST_BYTES = 2 * 1024 * 1024
_MOST_COVERED = 10_000
"""Events that one receipt is asked about: their ids are compared."""

CLOCK = "clock"
"""The note that says by how many seconds the platform's clock is ahead of the branch's."""


class Line(Protocol):
    """What the sender asks of the platform; see `Platform`."""

    def publish(self, events: Sequence[Mapping[str, object]]) -> list[Answer]:
        """Publish events and return what became of each, in order."""
        ...

    def receipt(
        self, source: str, *, epoch: int | None = None, first: int = 1, upto: int | None = None
    ) -> str:
        """Return the signed note of what is held of a source."""
        ...


@dataclass(slots=True)
class Progress:
    """What a delivery did."""

    sent: int = 0  # events that the platform answered
    refused: int = 0
    covered: int = 0  # events that left the outbox


class Sender:
    """Sends from one outbox. Whoever calls has the outbox's lock."""

    def __init__(
        self, outbox: Outbox, platform: Line, verifier: Verifier, clock: BranchClock
    ) -> None:
        """Nothing is believed of the platform's numbers until its receipts were read."""
        self._outbox = outbox
        self._platform = platform
        self._verifier = verifier
        self._clock = clock
        self._agreed: set[str] = set()  # sources whose numbers are right, as far as we know
        self._time: PlatformTime | None = None  # told by the last receipt

    def deliver(self) -> Progress:
        """Send all that waits, of each device in order, until nothing is left to be sent.

        Raises: LineDown, TurnedAway, ReceiptUnsound, DiskFull, OutboxUnusable; nothing is lost
        then, and the same again is safe.
        """
        progress = Progress()
        try:
            for source in self._outbox.busy_sources():
                self._deliver(source, progress)
        except BranchError:
            self._agreed.clear()  # who knows what happens until the line is up again
            raise
        return progress

    def _deliver(self, source: str, progress: Progress) -> None:
        self._agree(source)
        self._cover(source, progress)
        while rows := self._outbox.batch(source, _MOST_EVENTS, _MOST_BYTES):
            self._send(source, rows, progress)
            if not self._cover(source, progress):
                raise LineDown(
                    "the platform's receipts do not name what it has acknowledged: it is sent "
                    "again in a while"
                )

    # --- sending ---

    def _send(self, source: str, rows: Sequence[Row], progress: Progress) -> None:
        """Send rows and write down the answers; halves of what is too much for one request."""
        state = self._outbox.source(source)
        own = [row.sequence for row in rows if row.epoch == state.epoch]
        if own:
            self._outbox.note_sending(source, max(own))
        try:
            answers = self._platform.publish([self._event(row) for row in rows])
        except TooMuch as error:
            if len(rows) == 1:
                why = _why(error.code, "event", error.reason, error.remedy)
                self._outbox.note_answers([], [(rows[0].n, why)])
                progress.refused += 1
                return
            self._send(source, rows[: len(rows) // 2], progress)  # the others come in their turn
            return
        self._note(source, rows, answers, progress)

    def _note(
        self, source: str, rows: Sequence[Row], answers: Sequence[Answer], progress: Progress
    ) -> None:
        answered, refused, has_rival = [], [], False
        for row, answer in zip(rows, answers, strict=True):
            if answer.is_durable:
                answered.append(row.n)
            elif (answer.code, answer.field) == ("conflict", "sequence"):
                has_rival = True  # another event has its number: it gets a new one
            else:
                why = _why(answer.code, answer.field, answer.reason, answer.remedy)
                refused.append((row.n, why))
        self._outbox.note_answers(answered, refused)
        progress.sent += len(answered) + len(refused)
        progress.refused += len(refused)
        if has_rival:
            self._renumber(source)

    def _event(self, row: Row) -> dict[str, object]:
        assert self._time is not None, "a receipt is asked for first"
        now = self._clock.now()
        collected = self._time.at(now)
        sent, collected = sent_and_collected(row.created, row.published, now, collected)
        return row.event | {
            "source": row.source,
            "sourceepoch": row.epoch,
            "sequence": row.sequence,
            "senttime": sent.isoformat(),
            "collectedtime": collected.isoformat(),
        }

    # --- receipts ---

    def _receipt(
        self, source: str, *, epoch: int | None = None, first: int = 1, upto: int | None = None
    ) -> Receipt:
        before = self._clock.now()
        note = self._platform.receipt(source, epoch=epoch, first=first, upto=upto)
        receipt = read_receipt(note, self._verifier, source)
        after = self._clock.now()
        self._time = PlatformTime(receipt.issued, (before.ticks_ns + after.ticks_ns) // 2)
        ahead = self._time.at(after) - after.at
        self._outbox.note(CLOCK, after.at, str(ahead.total_seconds()))
        return receipt

    def _cover(self, source: str, progress: Progress) -> bool:
        """Let go of what was answered and a receipt covers; what it does not hold is to be sent
        again, and then the answer is False.
        """
        lost: set[int] = set()
        for run in _runs(self._outbox.around_answered(source)):
            lost |= self._covered(source, run, progress)
        if not lost:
            return True
        self._outbox.note_problem(
            source,
            "the platform acknowledged events and its receipts do not name them: it was restored "
            "from a copy, perhaps. They are sent again; tell whoever runs the platform",
        )
        self._outbox.send_again(lost)
        return False

    def _covered(self, source: str, run: Sequence[Row], progress: Progress) -> set[int]:
        """Let go of what of a run is answered and held; return what is answered and not held."""
        answered = {row.n for row in run if row.state == "answered"}
        if not answered:
            return set()
        receipt = self._receipt(
            source, epoch=run[0].epoch, first=run[0].sequence, upto=run[-1].sequence
        )
        held = [row for row in run if receipt.holds(row.sequence)]
        if len(held) == receipt.count and receipt.names(row.event_id for row in held):
            self._outbox.cover(source, [row.n for row in held], receipt)
            progress.covered += len(held)
            return answered.difference(row.n for row in held)
        if len(run) == 1:
            return answered
        half = len(run) // 2  # one among them has a number that another's event has there
        return self._covered(source, run[:half], progress) | self._covered(
            source, run[half:], progress
        )

    # --- agreeing about numbers ---

    def _agree(self, source: str) -> None:
        """See to it, once, that the platform knows of no number of ours that we do not know of."""
        if source in self._agreed:
            return
        state = self._outbox.source(source)
        receipt = self._receipt(source, first=state.sent + 1)
        newest = receipt.newest_epoch
        if newest is not None and (
            newest > state.epoch or (newest == state.epoch and receipt.taken > state.sent)
        ):
            self._renumber(source)
        elif state.receipt is not None:
            signed = read_receipt(state.receipt, self._verifier, source)
            if newest is None or (signed.epoch, signed.taken) > (newest, receipt.taken):
                self._outbox.note_problem(
                    source,
                    "the platform does not know of numbers that it has signed for: it was "
                    "restored from a copy, perhaps. Tell whoever runs it; "
                    "the last receipt is kept here",
                )
        self._agreed.add(source)

    def _renumber(self, source: str) -> None:
        """Open a new epoch for what waits, without what the platform holds already.

        This outbox is older than what was sent from it, or is not the only one of its device.
        """
        waiting = self._outbox.waiting(source)
        for run in _runs(waiting):
            self._let_go_of_held(source, run)
        newest = self._receipt(source, first=1, upto=1).newest_epoch or 0
        own = self._outbox.source(source).epoch
        epoch = max(newest, own, *(row.epoch for row in waiting)) + 1
        self._outbox.open_epoch(source, epoch)
        self._outbox.note_problem(
            source,
            "the platform knew of numbers that this outbox did not know: it was installed anew, "
            f"restored from a copy, or copied. It goes on in epoch {epoch}",
        )
        self._agreed.add(source)

    def _let_go_of_held(self, source: str, run: Sequence[Row]) -> None:
        """Let go of what of a run the platform holds; ids tell, since numbers may be others'."""
        receipt = self._receipt(
            source, epoch=run[0].epoch, first=run[0].sequence, upto=run[-1].sequence
        )
        held = [row for row in run if receipt.holds(row.sequence)]
        if not held:
            return
        if len(held) == receipt.count and receipt.names(row.event_id for row in held):
            self._outbox.cover(source, [row.n for row in held], receipt)
            return
        if len(run) > 1:
            half = len(run) // 2
            self._let_go_of_held(source, run[:half])
            self._let_go_of_held(source, run[half:])


def _runs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows whose numbers follow on each other, as many as one receipt is asked about."""
    run: list[Row] = []
    for row in rows:
        follows = run and (row.epoch, row.sequence) == (run[-1].epoch, run[-1].sequence + 1)
        if run and (not follows or len(run) == _MOST_COVERED):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _why(code: str, field: str, reason: str, remedy: str) -> str:
    said = {"code": code, "field": field, "reason": reason, "remedy": remedy}
    return json.dumps(said, ensure_ascii=False)
