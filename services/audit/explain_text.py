"""A customer explained, as text: receivables, value and tier, cases, and the latest touchpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from events.calendars import zone
from projections.case_board.explain import CaseExplanation
from projections.case_board.rows import CallbackRow
from projections.timeline.entries import Entry
from projections.value_tiers.explain import Counted, TierMove, ValueExplained
from services.audit.acts_tried import Way
from services.audit.explain import Explanation, LimitSet
from services.audit.statement_text import statement_lines
from services.audit.texts import When, merge_lines
from services.wording import amount, counted

_LISTED = 20
"""Events listed under one heading; all of them are in the JSON document."""


def explanation_lines(found: Explanation) -> Iterator[str]:
    """Yield everything, part by part."""
    told = found.receivables
    local = zone(told.zone)

    def when(instant: datetime) -> str:
        return f"{instant.astimezone(local):%Y-%m-%d %H:%M}"

    known = f", as known {when(found.known_at)}" if found.known_at else ""
    yield (
        f"{told.customer_id} as of {when(told.at)} {told.zone}{known} "
        f"({told.branch_id or 'no branch'}, {counted(found.events, 'event')})"
    )
    yield from merge_lines(found.merges, when)
    yield "\nRECEIVABLES"
    yield from [*statement_lines(told, when)] or ["nothing was ordered, invoiced or paid yet"]
    yield from (_limit_line(one, bool(found.merges), when) for one in found.limits)
    yield "\nVALUE AND TIER"
    if found.value is None:
        yield "nothing that counts has happened yet"
    else:
        yield from _value_lines(found.value, when)
    yield f"\nCASES ({len(found.cases):,})"
    for case in found.cases:
        yield from _case_lines(case, when)
    for call in found.callbacks:
        yield _callback_line(call, when, found.receivables.at)
    if found.ways:
        yield "\nWHAT WOULD CHANGE IT"
        yield from (_way_line(one, when) for one in found.ways)
    yield f"\nTIMELINE (the latest {len(found.timeline):,})"
    for entry in found.timeline:
        yield _entry_line(entry, when)


def _limit_line(one: LimitSet, merged: bool, when: When) -> str:
    limit, by = amount(one.limit.minor, one.limit.currency), f" by {one.by}" if one.by else ""
    whose = ""
    if merged:
        whose = f", said of {one.customer_id}: of merged customers the limit set last counts"
    return f"limit {limit} set {when(one.since)}{by}{whose}  event {one.event_id}"


def _way_line(way: Way, when: When) -> str:
    """Say what one act would do, and by when it must be done."""
    goal = _GOALS[way.goal] % way.subject
    money = amount(way.amount.minor, way.amount.currency) if way.amount else ""
    act = _DOINGS[way.doing] % {
        "money": money,
        "names": ", ".join(way.names),
        "department": way.department,
    }
    if way.doing == "pay" and way.names:
        act += f" for {', '.join(way.names)}"
    by = f" by {when(way.by)}" if way.by is not None else ""
    return f"{goal}: {act}{by}"


_GOALS = {
    "open_gate": "open the gate in %s",
    "reach_tier": "reach %s",
    "keep_tier": "stay in %s",
    "keep_deadline": "keep the deadline of case %s",
}
_DOINGS = {
    "pay": "pay %(money)s",
    "set_limit": "set the limit to %(money)s",
    "earn": "%(money)s more of collected margin",
    "reply": "give the first answer",
    "fulfil": "let %(department)s do what it owes (%(names)s)",
    "resolve": "resolve it",
}


# --- value and tier ---


def _value_lines(value: ValueExplained, when: When) -> Iterator[str]:
    row, figures = value.row, value.figures
    currency = row.currency
    since = f" since {when(row.tier_since)}" if row.tier_since else ""
    yield f"tier {row.tier or 'none: no tiers are published'}{since}"
    if row.warning_since is not None:
        drop = f", drops at {when(row.drop_at)}" if row.drop_at else ""
        yield f"WARNED since {when(row.warning_since)}: below the line that keeps the tier{drop}"
    for tier in value.policy.tiers:
        yield f"    line of {tier.name}: {amount(tier.line_minor, currency)}"
    yield f"score {amount(figures.score_minor, currency)}; what counts since {value.window_from}:"
    parts = (
        ("collected margin", row.margin_minor),
        *((("fees and interest", row.charges_minor),) if row.charges_minor else ()),
        ("freight borne by us", -row.freight_minor),
        ("cost to serve", -row.service_minor),
        ("cost of capital", -figures.capital_minor),
        ("bad-debt provision", -row.provision_minor),
        ("contemporary value", figures.contemporary_minor),
    )
    for name, minor in parts:
        yield f"    {name:>20}  {amount(minor, currency):>22}"
    yield f"potential value: {value.potential}"
    if row.model_minor is not None:
        yield f"model value {amount(row.model_minor, currency)}, event {value.sighting_event_id}"
    if row.share_of_wallet_bp is not None:
        yield f"share of wallet {row.share_of_wallet_bp / 100:.1f}%"
    if row.expires_on is not None:
        yield f"next to expire: {amount(row.expires_minor, currency)} on {row.expires_on}"
    if value.next_change_at is not None:
        yield f"next change at {when(value.next_change_at)}"
    yield from _counted("counts", value.counting)
    yield from _counted("expired", value.expired)
    yield from _counted("taken back", value.withdrawn)
    yield from _counted("in another currency, not scored", value.other_currencies)
    for move in value.moves:
        yield from _move_lines(move, currency, when)


def _counted(heading: str, found: Iterable[Counted]) -> Iterator[str]:
    listed = list(found)
    if listed:
        yield f"{heading} ({len(listed):,}):"
    for one in listed[:_LISTED]:
        yield (
            f"    {one.day}  {amount(one.amount_minor, one.currency):>22}  {one.component} "
            f"{one.subject}, until {one.expires_on}  event {one.event_id}"
        )
    if len(listed) > _LISTED:
        yield f"    ... and {len(listed) - _LISTED:,} more"


def _move_lines(move: TierMove, currency: str, when: When) -> Iterator[str]:
    warned = f", warned since {when(move.warned_at)}" if move.warned_at else ""
    yield f"{when(move.at)}  {move.before or '-'} -> {move.tier or '-'}  {move.reason}{warned}"
    for cause in list(move.causes)[:_LISTED]:
        event = f"  event {cause.event_id}" if cause.event_id else ""
        yield f"    {cause.kind} {amount(cause.amount_minor, currency)}{event}"


# --- cases and timeline ---


def _case_lines(found: CaseExplanation, when: When) -> Iterator[str]:
    case = found.case
    yield (
        f"case {case.case_id}: {case.kind}, {case.priority}, {case.status}, cycle {case.cycle}, "
        f"owner {case.owner or 'nobody'} ({case.department or 'no department'})"
    )
    if case.response_due_at is not None:
        due = _due(case.response_due_at, case.response_provisional, when)
        yield f"    first answer {due}{', breached' if case.response_breached_at else ''}"
    due = "its clock stands still"
    if case.solution_due_at is not None:
        due = _due(case.solution_due_at, case.solution_provisional, when)
    elif case.solution_left_s is not None and case.status == "waiting":
        due += f", {counted(case.solution_left_s // 60, 'business minute')} left"
    late = f", breached {when(case.solution_breached_at)}" if case.solution_breached_at else ""
    yield f"    solution {due}{late}"
    if case.callback_due_at is not None:
        yield f"    call-back {_due(case.callback_due_at, case.callback_provisional, when)}"
    for one in found.obligations:
        ends = _due(one.due_at, one.provisional, when) if one.due_at else "never due"
        if one.late_s:
            ends += f", {counted(one.late_s // 60, 'business minute')} late"
        over = f", breached {when(one.breached_at)}" if one.breached_at else ""
        yield f"    {one.department} owes {one.owes}: {one.status}, {ends}{over}"
    for step in found.history:
        clock = ""
        if step.solution_due_at is not None:
            clock = f"  (due {when(step.solution_due_at)})"
        elif step.solution_left is not None:
            left = step.solution_left // timedelta(minutes=1)
            clock = f"  ({counted(left, 'business minute')} left)"
        event = f"  event {step.event_id}" if step.event_id else "  by time"
        yield f"    {when(step.at)}  {step.what} {step.detail or ''}{clock}{event}"


def _due(at: datetime, provisional: bool, when: When) -> str:
    """Return a deadline; one that may move says what it waits for."""
    mark = " (provisional: public holidays until then are not announced yet)" if provisional else ""
    return f"due {when(at)}{mark}"


def _callback_line(call: CallbackRow, when: When, at: datetime) -> str:
    state: str = call.status
    if call.ended_at is not None:
        state = f"{call.outcome} {when(call.ended_at)}{', too late' if call.late else ''}"
    elif call.due_at <= at:
        state = "OVERDUE"
    return (
        f"call-back {call.callback_id} promised {when(call.promised_at)}: {call.purpose}, due "
        f"{when(call.due_at)}, {state}, {counted(call.attempts, 'attempt')}  event "
        f"{call.promised_by}"
    )


def _entry_line(entry: Entry, when: When) -> str:
    words = [
        f"{name}={when(value) if isinstance(value, datetime) else value}"
        for name, value in (*entry.identifiers, *entry.words)
    ]
    if entry.amount is not None:
        words.insert(0, amount(entry.amount.minor, entry.amount.currency))
    return (
        f"{when(entry.place.effective_at)}  {entry.type}  {' '.join(words)}  event "
        f"{entry.place.event_id}"
    )
