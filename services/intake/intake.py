"""The way in: each event is checked, sealed and appended on its own, and answered on its own.

HTTP, file import and the simulator all come through here. An answer other than refused means
that the event is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.codec import encode
from events.envelope import BranchId
from events.errors import MalformedEvent
from events.texts import worded
from events.touchpoints import CATALOGUE
from services import metrics, tracing
from services.errors import Unavailable
from services.intake import native_cases
from services.intake.answers import Answer, EventRefused, refused, token_through
from services.intake.attributes import identity, number_of, senders_id
from services.intake.characters import flaw, flaw_on_a_page
from services.intake.draft import Draft, Scope
from services.intake.moves import is_move, judged
from services.intake.parsing import draft_of
from services.intake.quarantine import Number, Quarantine, Rejected, Room
from services.intake.rules import RESERVED, check
from services.intake.sealing import sealed_draft
from services.ports import (
    Accepted,
    Clock,
    Conflict,
    Duplicate,
    EventLog,
    Outcome,
    ReliedOn,
    Stale,
    Submission,
)
from services.postgres.pool import Pool
from services.vault.vault import PostgresVault, subject_of

Verdict = Outcome | EventRefused


_TRIES = 5

_IN_ONE_GO = 20
"""Events that are checked or sealed before others get a turn: a few milliseconds."""


class _Incoming(Struct):
    """One event on its way: what was sent, the draft it became, and what came of it."""

    sent: object
    draft: Draft | None = None
    verdict: Verdict | None = None
    quarantined: bool = False


class Intake:
    """Takes events of one branch at a time; a wrong one never spoils its neighbours."""

    def __init__(
        self,
        log: EventLog,
        vault: PostgresVault,
        clock: Clock,
        pool: Pool,
        room: Room | None = None,
    ) -> None:
        """Append to a log, seal with a vault, and keep what is refused in quarantine."""
        self._log = log
        self._vault = vault
        self._clock = clock
        self._pool = pool
        self._quarantine = Quarantine(pool, vault, clock, room)

    async def submit(
        self,
        sender: BranchId | Scope,
        events: Sequence[object],
        *,
        keep_refused: bool = True,
        language: str | None = None,
    ) -> list[Answer]:
        """Answer each parsed JSON event (CloudEvents), in order and in a language, or in any.

        What is refused goes to quarantine, unless it comes from there.
        Raises: Unavailable; then none is known to be accepted, and repeating is safe.
        """
        scope = sender if isinstance(sender, Scope) else Scope(sender)
        incoming = [_Incoming(event) for event in events]
        await self._take(scope, incoming, _parse)
        if keep_refused:
            await self._keep_refused(scope, incoming)
        _count(incoming)
        return [_answer(one, language) for one in incoming]

    async def submit_validated(
        self, sender: BranchId | Scope, drafts: Sequence[Draft]
    ) -> list[Answer]:
        """Answer each draft, in order; the same rules hold as for JSON.

        Raises: Unavailable; then none is known to be accepted, and repeating is safe.
        """
        scope = sender if isinstance(sender, Scope) else Scope(sender)
        incoming = [_Incoming(draft) for draft in drafts]
        await self._take(scope, incoming, _as_it_is)
        await self._keep_refused(scope, incoming)
        _count(incoming)
        return [_answer(one) for one in incoming]

    async def _take(
        self,
        scope: Scope,
        incoming: Sequence[_Incoming],
        read: Callable[[_Incoming, Scope], Draft],
    ) -> None:
        """Leave a verdict on each. Raises: Unavailable."""
        now = self._clock.now()
        for number, one in enumerate(incoming):
            if number % _IN_ONE_GO == _IN_ONE_GO - 1:
                await asyncio.sleep(0)  # others are answered meanwhile
            try:
                one.draft = read(one, scope)
                check(one.draft, scope, now)
            except EventRefused as why:
                one.verdict = why
        left = [one for one in incoming if one.verdict is None]
        await self._append_facts([one for one in left if not is_move(_draft(one))])
        await self._append_moves([one for one in left if is_move(_draft(one))])

    async def _append_facts(self, incoming: Sequence[_Incoming]) -> None:
        """Append what nobody decides, and refuse what only a command may say."""
        relied_on = [native_cases.no_stream_for(_draft(one)) for one in incoming]
        for one in await self._append(incoming, relied_on):
            one.verdict = native_cases.refusal(_draft(one))

    async def _append_moves(self, incoming: Sequence[_Incoming]) -> None:
        """Append what says who is the same customer, and can be so beside all that is recorded."""
        left, lost = incoming, 0
        while left:
            judgements = await judged(self._log, self._pool, [_draft(one) for one in left])
            relying: list[tuple[_Incoming, tuple[ReliedOn, ...]]] = []
            for one, judgement in zip(left, judgements, strict=True):
                if isinstance(judgement, EventRefused):
                    one.verdict = judgement
                elif judgement is not None:
                    relying.append((one, judgement))
            moved = await self._append([one for one, _ in relying], [read for _, read in relying])
            waiting = [one for one in left if one.verdict is None]
            lost = lost + 1 if moved and len(waiting) == len(left) else 0
            if lost == _TRIES:
                raise Unavailable("who is who is changed by others all the time; try again")
            left = waiting

    async def _keep_refused(self, scope: Scope, incoming: Sequence[_Incoming]) -> None:
        """Keep refused events that have an id for an operator; note which there was room for."""
        rejected = [
            (one, found) for one in incoming if (found := _rejected(one, scope)) is not None
        ]
        kept = await self._quarantine.add(scope, [found for _, found in rejected])
        for (one, _), is_kept in zip(rejected, kept, strict=True):
            one.quarantined = is_kept

    async def _append(
        self, incoming: Sequence[_Incoming], relied_on: Sequence[tuple[ReliedOn, ...]]
    ) -> Sequence[_Incoming]:
        """Seal and append; leave a verdict on each but those that relied on what has moved.

        Return these.
        """
        if not incoming:
            return ()
        keys = await self._vault.prepare({subject_of(_draft(one).envelope) for one in incoming})
        sealed: list[tuple[_Incoming, Submission]] = []
        for number, (one, read) in enumerate(zip(incoming, relied_on, strict=True)):
            if number % _IN_ONE_GO == _IN_ONE_GO - 1:
                await asyncio.sleep(0)
            draft = _draft(one)
            try:
                submission = sealed_draft(draft, keys[subject_of(draft.envelope)])
            except EventRefused as why:
                one.verdict = why
            else:
                sealed.append((one, replace(submission, relied_on=read) if read else submission))
        if not sealed:
            return ()
        with tracing.span("append", {"touchstone.events": len(sealed)}) as following:
            if following.traceparent is not None:
                sealed = [(one, _joined(s, following.traceparent)) for one, s in sealed]
            try:
                outcomes = await self._log.append([submission for _, submission in sealed])
            except MalformedEvent:
                sealed = [(one, s) for one, s in sealed if _is_encodable(one, s)]
                outcomes = await self._log.append([submission for _, submission in sealed])
        moved = []
        for (one, _), outcome in zip(sealed, outcomes, strict=True):
            if isinstance(outcome, Stale):
                moved.append(one)
            else:
                one.verdict = outcome
        return moved


def _joined(submission: Submission, traceparent: str) -> Submission:
    """Return an event that belongs to a trace, unless it belongs to its sender's own already."""
    if submission.envelope.traceparent is not None:
        return submission
    return replace(submission, envelope=replace(submission.envelope, traceparent=traceparent))


def _parse(one: _Incoming, scope: Scope) -> Draft:
    return draft_of(one.sent, scope)


def _as_it_is(one: _Incoming, _: Scope) -> Draft:
    assert isinstance(one.sent, Draft)
    return one.sent


def _draft(one: _Incoming) -> Draft:
    assert one.draft is not None, "only what became a draft is appended"
    return one.draft


def _is_encodable(one: _Incoming, submission: Submission) -> bool:
    """Tell whether a draft made by hand fits its schema; if not, leave the verdict on it."""
    try:
        encode(submission.data)
    except MalformedEvent:
        one.verdict = EventRefused(
            "malformed", "data", worded("is not what its schema can hold"),
            worded("build it as the touchpoint's type says"),
        )  # fmt: skip
        return False
    return True


def _rejected(one: _Incoming, scope: Scope) -> Rejected | None:
    """Return what an operator should see of an event, if it was refused and has an id."""
    why = _refusal(one)
    event_id = _event_id(one) if why is not None else None
    if why is None or event_id is None:
        return None
    number = _number(one, scope)
    return Rejected(event_id, _type_name(one), _subject(one), why, one.sent, number)


def _number(one: _Incoming, scope: Scope) -> Number | None:
    """Return the number that a device of the sender's own branch gave an event, if it did."""
    if one.draft is not None:
        envelope = one.draft.envelope
        found = (envelope.source, envelope.epoch, envelope.sequence)
    else:
        found = number_of(one.sent)
    source, _, sequence = found
    is_own = source.startswith(f"/branches/{scope.branch_id}/") and flaw(source) is None
    return Number(*found) if is_own and sequence else None


def _subject(one: _Incoming) -> str | None:
    """Return the customer that an event speaks of, as far as somebody can be one."""
    if one.draft is not None:
        return one.draft.envelope.subject
    subject = one.sent.get("subject") if isinstance(one.sent, dict) else None
    if not isinstance(subject, str) or flaw_on_a_page(subject) or subject.startswith(RESERVED):
        return None
    return subject


def _refusal(one: _Incoming) -> EventRefused | None:
    verdict = one.verdict
    if isinstance(verdict, EventRefused):
        return verdict
    if isinstance(verdict, Conflict):
        return EventRefused(
            "conflict",
            verdict.field,
            verdict.reason,
            worded(
                "a device that was installed anew, or restored from a copy, asks for its receipt "
                "(GET /api/v1/receipts and its source) and goes on in a new sourceepoch"
            )
            if verdict.field == "sequence"
            else worded(
                "what is recorded stays; publish a correction as an event with a new id and the "
                "next sequence number"
            ),
        )
    return None


def _event_id(one: _Incoming) -> str | None:
    """Return under which id an event is kept, if it has one."""
    return one.draft.envelope.id if one.draft is not None else identity(one.sent)


def _count(incoming: Sequence[_Incoming]) -> None:
    """Count what became of events that were answered."""
    verdicts = [one.verdict for one in incoming]
    accepted = sum(isinstance(verdict, Accepted) for verdict in verdicts)
    metrics.answered_events(accepted, sum(isinstance(verdict, Duplicate) for verdict in verdicts))
    for one in incoming:
        if (why := _refusal(one)) is not None:
            metrics.refused_event(why.code)


def _answered_id(one: _Incoming) -> str | None:
    """Return the id that the sender knows the event by."""
    return senders_id(one.sent) or _event_id(one)


def _type_name(one: _Incoming) -> str | None:
    """Return the type that an event claims to be, if there is one: anything may stand there."""
    if one.draft is not None:
        return one.draft.envelope.type
    claimed = one.sent.get("type") if isinstance(one.sent, dict) else None
    return claimed if isinstance(claimed, str) and claimed in CATALOGUE else None


def _answer(one: _Incoming, language: str | None = None) -> Answer:
    event_id = _answered_id(one)
    match one.verdict:
        case Accepted(position, recorded_at):
            return Answer(
                status="accepted",
                id=event_id,
                position=token_through([position]),
                recorded_at=recorded_at,
            )
        case Duplicate(position):
            return Answer(status="duplicate", id=event_id, position=token_through([position]))
        case _:
            why = _refusal(one)
            assert why is not None, "every event has a verdict"
            return refused(event_id, why, quarantined=one.quarantined, language=language)
