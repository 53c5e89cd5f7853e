"""Alerts that stand, page by page: of any, or of those that a member of staff is to care for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

from msgspec import Struct

from events.alert_care import CareState
from events.cases.recipients import ABOUT_NO_CLOCK, Recipient, reach_of, told_of_alert
from events.cases.staff import staff_in_force
from services.casework.filters import among
from services.console.alerts.queries import CAP, AlertFilter
from services.console.shared.cursor import CursorSigner
from services.console.shared.keyset import Key, Order, walk
from services.console.shared.paging import Page
from services.console.shared.reading import Reader
from services.postgres.question import Question

_NEWEST = Order((Key("since", "timestamptz"), Key("alert_id", "uuid")), reverse=True)


class StandingFilter(Struct, frozen=True):
    """Which standing alerts: None or none named means any.

    Of a member of staff are those that he or she takes care of, and those that reach him or her,
    by name or by role, and of which nobody else takes care.
    """

    about: AlertFilter = AlertFilter()
    states: tuple[CareState, ...] = ()
    staff: str | None = None


class StandingAlert(Struct, frozen=True):
    """An alert that stands now."""

    alert_id: str
    kind: str
    subject: str
    threshold: int
    customer_id: str
    branch_id: str | None
    since: datetime
    currency: str  # empty: it is about no money
    amount_minor: int
    raised_at: datetime
    state: CareState
    state_by: str | None
    state_at: datetime | None
    until: datetime | None
    delegate: str | None


async def standing_alerts(
    reader: Reader, wanted: StandingFilter, limit: int, signer: CursorSigner, cursor: str | None
) -> Page[StandingAlert]:
    """Return a page of standing alerts, the newest first. Raises: BadCursor."""
    way = walk(_NEWEST, limit, signer, repr(("standing", wanted)), cursor)
    question = _question(reader, wanted)
    way.go_on(question)
    statement = reader.statements.sql(
        "alerts/standing_alerts",
        conditions=question.where,
        order=way.sorting,
        limit=question.add(limit + 1),
    )
    rows = await reader.fetch(statement, *question.parameters)
    alerts = [StandingAlert(**{f: row[f] for f in StandingAlert.__struct_fields__}) for row in rows]
    return way.page(alerts, lambda one: (one.since, str(one.alert_id)))


async def count_alerts(reader: Reader, wanted: StandingFilter, cap: int = CAP) -> int:
    """Return how many alerts stand, counted up to one above a cap."""
    question = _question(reader, wanted)
    statement = reader.statements.sql(
        "alerts/count_standing_alerts", conditions=question.where, limit=question.add(cap + 1)
    )
    return await reader.count(statement, *question.parameters)


async def alerts_found(reader: Reader, wanted: StandingFilter, most: int) -> list[str]:
    """Return the alerts that the filter finds, all of them up to a number."""
    question = _question(reader, wanted)
    statement = reader.statements.sql(
        "alerts/alerts_found", conditions=question.where, limit=question.add(most)
    )
    return [row["alert_id"] for row in await reader.fetch(statement, *question.parameters)]


def told_to(reader: Reader, alerts: Iterable[StandingAlert]) -> Mapping[str, tuple[Recipient, ...]]:
    """Return who is told of each alert now; of a clock of a case the case board says so."""

    @cache  # alerts of a kind at a branch reach the same
    def told(kind: str, branch_id: str | None, delegate: str | None) -> tuple[Recipient, ...]:
        if kind not in ABOUT_NO_CLOCK:
            return ()
        return told_of_alert(kind, branch_id, delegate, reader.reference, reader.at)

    return {one.alert_id: told(one.kind, one.branch_id, one.delegate) for one in alerts}


def _question(reader: Reader, wanted: StandingFilter) -> Question:
    question = Question()
    projections, versions = map(question.add, reader.versions)
    question.conditions.append(
        f"(projection, version) IN (SELECT * FROM unnest({projections}::text[], {versions}::int[]))"
    )
    about = wanted.about
    for column, values in (
        ("kind", about.kinds),
        ("branch_id", about.branches),
        ("state", wanted.states),
    ):
        if values:
            question.conditions.append(among(question, column, "text", values))
    if about.customer_id is not None:
        question.conditions.append(f"customer_id = {question.add(about.customer_id)}")
    if wanted.states and "open" not in wanted.states:
        question.conditions.append("state <> 'open'")  # few are, and have an index of their own
    if wanted.staff is not None:
        question.conditions.append(_of_staff(question, reader, wanted.staff))
    return question


def _of_staff(question: Question, reader: Reader, staff_id: str) -> str:
    """Return the condition that a member of staff is to care for an alert."""
    reference, at = reader.reference, reader.at
    by = staff_in_force(reference, staff_id, at)
    if by is None:
        return "false"
    left = question.add(
        [one for one in reference.staff if staff_in_force(reference, one, at) is None]
    )
    me = question.add(staff_id)
    reach = reach_of(by, reference, at)
    here, elsewhere = question.add(list(reach.here)), question.add(list(reach.elsewhere))
    own = question.add(reach.branch_id)
    kinds = question.add([kind for kind, _ in reach.but_not])
    branches = question.add([branch for _, branch in reach.but_not])
    by_role = (
        f"(coalesce(branch_id, '') = {own} AND kind = ANY({here}::text[])"
        f" OR kind = ANY({elsewhere}::text[]) AND (kind, coalesce(branch_id, '')) NOT IN"
        f" (SELECT * FROM unnest({kinds}::text[], {branches}::text[])))"
    )
    nobodys = f"(state <> 'acknowledged' OR state_by = ANY({left}::text[]))"
    passed_on = f"delegate IS NOT NULL AND delegate <> ALL({left}::text[])"
    reached = f"CASE WHEN {passed_on} THEN delegate = {me} ELSE {by_role} END"
    return f"(state = 'acknowledged' AND state_by = {me} OR {nobodys} AND {reached})"
