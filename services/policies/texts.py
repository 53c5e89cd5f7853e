"""What the commands of policies print for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from events.calendars import day_end
from events.touchpoints.policy import PolicyRecord
from services.policies.calibration import Calibration
from services.policies.candidate import Candidate
from services.policies.differences import ProjectionTrial
from services.policies.listing import Version
from services.policies.publishing import Changed, Published
from services.policies.standing import FlowStanding
from services.policies.trial import Trial
from services.policies.units import in_lines, measured
from services.wording import amount, asked_words, counted, moment

_STATES = {"past": "past", "in_force": "IN FORCE", "to_come": "to come"}


def _currency(policy: PolicyRecord) -> str:
    """Return the currency of a policy's amounts that name none."""
    return str(getattr(policy, "currency", ""))


def _changes(found: Sequence[Changed], meant: Candidate) -> Iterator[str]:
    after = _currency(meant.policy)
    before = next((str(one.before or "") for one in found if one.field == "currency"), after)
    for one in found:
        told = list(in_lines(one.field, one.after, after))
        if len(told) > 1:  # too long to be told beside what it was
            yield from (f"    {line}" for line in told)
            continue
        was = measured(one.field, one.before, before)
        yield f"    {one.field}: {was} -> {measured(one.field, one.after, after)}"


def published_lines(found: Published, meant: Candidate, tz: ZoneInfo) -> Iterator[str]:
    """Yield what came of publishing the policy that was meant."""
    state = "published" if found.status == "accepted" else "was published before"
    yield f"{found.kind} {state}, from {moment(found.effective_from, tz)}  event {found.event_id}"
    yield from _changes(found.changes, meant)
    if found.counts == "later":
        yield "    until then what is in force stays in force"
    if found.follower is not None:
        yield from _follower_lines(found.follower, found.counts == "past", tz)


def _follower_lines(after: Version, hides: bool, tz: ZoneInfo) -> Iterator[str]:
    """Say which version takes a policy's place, and the remedy where it has done so already."""
    assert after.effective_from is not None
    named = f"the version of {after.published_by} (event {after.event_id})"
    if hides:
        yield (
            f"    it does not count now: {named} has taken its place since "
            f"{moment(after.effective_from, tz)}"
        )
        yield "    to change what counts now, publish it with an --effective-from after that"
    else:
        until = moment(after.effective_from, tz)
        yield f"    it counts until {until}, when {named} takes its place"


def version_lines(found: Iterable[Version], tz: ZoneInfo) -> Iterator[str]:
    """Yield the versions of policies, each with what it says."""
    kind = None
    for one in found:
        if one.kind != kind:
            kind = one.kind
            yield kind
        start = moment(one.effective_from, tz) if one.effective_from else "the beginning"
        until = f" until {moment(one.until, tz)}" if one.until else ""
        event = "  (defaults)"
        if one.event_id and one.recorded_at:
            event = (
                f"  published by {one.published_by} on {moment(one.recorded_at, tz)}  "
                f"event {one.event_id}"
            )
        yield f"  {_STATES[one.state]:>8}  from {start}{until}{event}"
        if one.policy is None:
            yield "            nothing was published"
            continue
        if one.state == "past":
            continue
        currency = _currency(one.policy)
        for name, value in msgspec.to_builtins(one.policy).items():
            yield from (f"            {line}" for line in in_lines(name, value, currency))


def calibration_lines(found: Calibration, tz: ZoneInfo) -> Iterator[str]:
    """Yield the lines that were drawn and how they divide the scores."""
    yield (
        f"Lines from the scores of {counted(found.customers, 'customer')} at the end of "
        f"{found.day}, to count from {moment(found.meant.effective_from, tz)}"
    )
    currency = _currency(found.meant.policy)
    for tier in found.tiers:
        line = (
            "the rest" if tier.line_minor is None else f"from {amount(tier.line_minor, currency)}"
        )
        share = tier.customers / found.customers
        customers = counted(tier.customers, "customer")
        yield f"{tier.tier:>12}  {line:>28}  {customers:>19}  {share:>5.1%}"
    for name in found.left_out:
        yield (
            f"{name:>12}  left out: its line would be that of the tier above, since too many of "
            "these scores are equal; give other shares to have it"
        )


def trial_lines(found: Trial, tz: ZoneInfo) -> Iterator[str]:
    """Yield what a policy would change."""
    sample = "" if found.customers == found.of_customers else f"{found.customers:,} of "
    customers = counted(found.of_customers, "customer")
    yield (
        f"{found.meant.kind} from {moment(found.meant.effective_from, tz)}, tried on "
        f"{sample}{customers} as of {asked_words(found.at, tz)}; nothing was written"
    )
    if found.sampling is not None:
        yield f"    of the sample: {found.sampling}; nothing is scaled up"
    yield from _changes(found.changes, found.meant)
    after = found.follower
    if after is not None and after.effective_from is not None:
        at = found.at if isinstance(found.at, datetime) else day_end(found.at, tz)
        yield from _follower_lines(after, after.effective_from <= at, tz)
    for one in found.projections:
        yield from _projection_lines(one, found.customers)
    for flow in found.flows:
        yield from _flow_lines(flow)
    moves = found.tier_moves
    if any(map(sum, moves.counts)):
        yield "tiers: now (row), then (column)"
        yield " " * 12 + "".join(f"{name:>12}" for name in moves.tiers)
        for name, counts in zip(moves.tiers, moves.counts, strict=True):
            yield f"{name:>12}" + "".join(f"{count:>12,}" for count in counts)


def _flow_lines(one: FlowStanding) -> Iterator[str]:
    """Say where the cases that are open now would stand in a flow."""
    yield (
        f"flow {one.flow}: {counted(one.cases, 'open case')} of kind {one.kind}, "
        f"{one.finished:,} through all stages"
    )
    for stage in one.stages:
        by = stage.department
        by += "" if stage.is_known else " (no such department was published)"
        yield f"    {stage.cases:>9,} would be at {stage.stage}, owed by {by}"


def _projection_lines(one: ProjectionTrial, customers: int) -> Iterator[str]:
    of = counted(customers, "customer")
    yield f"{one.projection}: {one.customers_changed:,} of {of} would change"
    for table in one.tables:
        yield (
            f"    rows of {table.table}: {table.changed:,} other, {table.new:,} new, "
            f"{table.gone:,} gone"
        )
    for alert in one.alerts:
        yield (
            f"    alerts {alert.kind} {alert.threshold or ''}: {alert.raised:,} raised, "
            f"{alert.cleared:,} cleared"
        )
    for total in one.sums:
        line = f"    {total.measure} {total.currency}: {total.count_before:,} -> "
        line += f"{total.count_after:,}"
        if total.currency:
            line += (
                f", {amount(total.amount_before_minor, total.currency)} -> "
                f"{amount(total.amount_after_minor, total.currency)}"
            )
        yield line
