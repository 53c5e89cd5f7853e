"""The cases of a customer as they were last assessed, to go on from.

A new fact costs what it was told to: the case it names, and a case that was overheard on it.
Besides them only cases are looked at again whose clocks have come to their next step, and on an
acknowledgement those that have taken one. Everything else stands as it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import heappop, heappush

from events.envelope import CustomerId
from events.policy import Reference
from projections.case_board.alerts import ClearedAlerts, Watched, watched, watched_call
from projections.case_board.board import all_rows, unread_rows
from projections.case_board.ladder import Ladder
from projections.case_board.replay import Board
from projections.case_board.rows import CALLBACKS, TABLES
from projections.facts import Facts, Memo
from projections.protocol import Alert, Assessment, Differences, Row, RowKey


class BoardMemo(Memo):
    """A customer's board, with what its clocks said; it goes on in place."""

    def __init__(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> None:
        self.stamp: object = object()
        self.reference = reference
        self.customer = customer
        self.board = Board(facts, at, reference, tell=False)
        self._ladder = Ladder(customer, self.board)
        self.watched: dict[str, Watched] = {}  # by case or call; none of what is at rest
        self.wakes: list[tuple[datetime, str]] = []  # a heap: when to look at one again
        self.alerts: list[Alert] = []
        self._look_at([*self.board.cases, *self.board.calls])
        for case in self.board.cases.values():
            case.read()
        self.board.read()

    @property
    def walked(self) -> int:
        """Return how many of the facts its board has walked."""
        return self.board.walked

    def serves(self, customer: CustomerId, at: datetime, reference: Reference) -> bool:
        """Return whether it may go on to an instant under these rules."""
        board = self.board
        return board.reference is reference and board.at <= at and self.customer == customer

    def go_on(self, facts: Facts, at: datetime) -> Differences:
        """Go on to an instant that is no earlier, with facts that only grew at the end."""
        board = self.board
        acknowledged = len(board.acknowledged)
        board.advance(facts, at)
        stirred = board.touched
        if len(board.acknowledged) > acknowledged:
            stirred.update((key, None) for key, seen in self.watched.items() if seen.climbing)
        if board.heard:
            stirred.update(dict.fromkeys(self.watched))
        while self.wakes and self.wakes[0][0] <= at:
            stirred[heappop(self.wakes)[1]] = None
        self._look_at(stirred)
        differences = Differences(since=self.stamp, rows=self._differing(stirred))
        board.read()
        self.stamp = object()
        return differences

    def assessment(self, differences: Differences | None = None) -> Assessment:
        """Return what it amounts to; ask for rows and causes before it goes on."""
        return Assessment(
            rows=_Rows(self, self.stamp),
            uses=self.board.uses,
            alerts=self.alerts,
            cleared=ClearedAlerts(self.board, self._ladder, self.alerts),
            next_change_at=self._next_change_at(),
            stamp=self.stamp,
            differences=differences,
        )

    def rows(self) -> dict[str, list[Row]]:
        """Return every row, by table name."""
        rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        for case_id, case in self.board.cases.items():
            for table, row in all_rows(self.board, case, self._escalation(case_id)):
                rows[table.name].append(row)
        rows[CALLBACKS.name] += filter(None, (call.row() for call in self.board.calls.values()))
        return rows

    def _look_at(self, subjects: Iterable[str]) -> None:
        seen = self.watched
        changed = False
        for subject in subjects:
            now = self._watched_now(subject)
            if now is None:  # referred to, and not opened yet
                continue
            before = seen.pop(subject, _AT_REST)
            if now != _AT_REST:
                seen[subject] = now
            if now.next_at is not None and now.next_at != before.next_at:
                heappush(self.wakes, (now.next_at, subject))
            changed = changed or now.alerts != before.alerts
        if changed:
            self.alerts = [alert for case in seen.values() for alert in case.alerts]

    def _watched_now(self, subject: str) -> Watched | None:
        """Return what the clocks of a case or a promised call say now."""
        board = self.board
        case, call = board.cases.get(subject), board.calls.get(subject)
        if case is not None:
            return watched(self.customer, board, self._ladder, case)
        return None if call is None else watched_call(self.customer, board, call)

    def _differing(self, subjects: Iterable[str]) -> Mapping[str, Mapping[RowKey, Row | None]]:
        board = self.board
        rows: dict[str, dict[RowKey, Row | None]] = {table.name: {} for table in TABLES}
        for former in board.replaced.values():
            for table, row in all_rows(board, former, None):
                rows[table.name][table.key_of(row)] = None
        for subject in subjects:
            case, call = board.cases.get(subject), board.calls.get(subject)
            if call is not None and (told := call.row()) is not None:
                rows[CALLBACKS.name][CALLBACKS.key_of(told)] = told
            if case is None:
                continue
            for table, row in unread_rows(board, case, self._escalation(subject)):
                rows[table.name][table.key_of(row)] = row
            case.read()
        return rows

    def _escalation(self, case_id: str) -> int | None:
        return self.watched.get(case_id, _AT_REST).escalation

    def _next_change_at(self) -> datetime | None:
        """Return when a fact known ahead or a clock changes something, if nothing arrives."""
        wakes, ahead = self.wakes, self.board.next_fact_at
        while wakes and self.watched.get(wakes[0][1], _AT_REST).next_at != wakes[0][0]:
            heappop(wakes)  # its clock was stopped, or goes on otherwise
        if not wakes:
            return ahead
        return wakes[0][0] if ahead is None else min(ahead, wakes[0][0])


_AT_REST = Watched((), None, False)


class _Rows(Mapping[str, Sequence[Row]]):
    """All rows of a memo by table name, made when they are looked at.

    They can be made until the memo goes on again. Raises: LookupError after that.
    """

    def __init__(self, memo: BoardMemo, stamp: object) -> None:
        self._memo = memo
        self._stamp = stamp
        self._made: dict[str, list[Row]] | None = None

    def _all(self) -> dict[str, list[Row]]:
        if self._made is None:
            if self._memo.stamp is not self._stamp:
                raise LookupError("the board has gone on since this assessment")
            self._made = self._memo.rows()
        return self._made

    def __getitem__(self, table: str) -> Sequence[Row]:
        return self._all()[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(TABLES)
