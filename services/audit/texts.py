"""What the auditor's commands print for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from events.customers.identity import Edge
from events.home import Asked
from projections.books.ageing import Bucket
from services.audit.comparison import Verification
from services.audit.digest import Digest
from services.audit.reports import AgeingReport, AlertsReport
from services.audit.status import Status
from services.wording import amount, asked_words, counted, moment

When = Callable[[datetime], str]
"""How a text writes an instant."""


def merge_lines(merges: Iterable[Edge], when: When) -> Iterator[str]:
    """Yield who was merged into whom, where what is told is of several customers."""
    for edge in merges:
        yield f"{edge.member} was merged into {edge.into} on {when(edge.since)}"


def ageing_lines(report: AgeingReport, tz: ZoneInfo) -> Iterator[str]:
    """Yield the lines of an ageing report."""
    scope = f"branch {report.branch_id}" if report.branch_id else "all branches"
    known = f", as known {asked_words(report.known_at, tz)}" if report.known_at else ""
    at = f"at the end of {report.day}"
    if isinstance(report.at, datetime):
        at = f"as of {moment(report.at, tz)}"
    yield f"Receivables {at}, {scope}{known}"
    if not report.currencies:
        yield "nothing was invoiced yet"
    for found in report.currencies:
        aged = found.ageing
        yield ""
        charged = any((one.fees_minor, one.interest_minor) != (0, 0) for one in aged.buckets)
        heads = f"  {'of it fees':>18}  {'of it interest':>18}" if charged else ""
        yield f"{'days past due':>14}  {'items':>8}  {'open':>22}  {'provision':>18}{heads}"
        total = Bucket(
            "total", aged.items, aged.outstanding_minor, aged.provision_minor, aged.fees_minor,
            aged.interest_minor,
        )  # fmt: skip
        for bucket in (*aged.buckets, total):
            line = (
                f"{bucket.label:>14}  {bucket.items:>8,}  "
                f"{amount(bucket.amount_minor, found.currency):>22}  "
                f"{amount(bucket.provision_minor, found.currency):>18}"
            )
            if charged:
                line += f"  {amount(bucket.fees_minor, found.currency):>18}"
                line += f"  {amount(bucket.interest_minor, found.currency):>18}"
            yield line
        yield (
            f"overdue {amount(aged.overdue_minor, found.currency)} on "
            f"{counted(aged.overdue_items, 'item')} of "
            f"{counted(found.customers_overdue, 'customer')}; "
            f"{counted(found.disputed_items, 'item')} disputed"
        )
        yield (
            f"DSO over 90 days: {found.dso_90_days or 'nothing invoiced'}; settled "
            f"{counted(found.settled_items, 'item')}, {found.mean_days_late or 0} days late on "
            "average"
        )
        yield (
            f"unapplied credit {amount(found.credit_minor, found.currency)}, "
            f"reserved {amount(found.reserved_minor, found.currency)}"
        )


def alerts_lines(report: AlertsReport, tz: ZoneInfo) -> Iterator[str]:
    """Yield the lines of an alerts report."""
    yield f"Alerts up to {asked_words(report.at, tz)}"
    yield (
        f"{'kind':>15}  {'at':>4}  {'raised':>7}  {'standing':>8}  {'customers':>9}  "
        f"{'amount':>20}  cleared by"
    )
    for count in report.counts:
        causes = ", ".join(f"{reason} {n}" for reason, n in sorted(count.cleared_by.items()))
        yield (
            f"{count.kind:>15}  {count.threshold:>4}  {count.raised:>7,}  {count.standing:>8,}  "
            f"{count.customers:>9,}  {amount(count.amount_minor, count.currency):>20}  {causes}"
        )
    for episode in report.episodes:
        alert = episode.alert
        cause = episode.cause
        ended = "stands"
        if episode.until is not None:
            ended = f"until {moment(episode.until, tz)}"
            if cause is not None:
                ended += f" ({cause.reason}{f', event {cause.event_id}' if cause.event_id else ''})"
        yield (
            f"{moment(alert.since, tz)}  {alert.kind} {alert.threshold}  {alert.customer_id}  "
            f"{alert.subject}  {amount(alert.amount_minor, alert.currency)}  {ended}"
        )


def digest_lines(found: Digest, tz: ZoneInfo) -> Iterator[str]:
    """Yield the lines of a digest: the digest alone stands on the first.

    Instants are exact, and a day is a day: they are given again to have the same digest.
    """
    yield found.digest
    known = f", as known {_exactly(found.known_at, tz)}" if found.known_at else ""
    yield (
        f"at {_exactly(found.at, tz)}{known}: {counted(found.events, 'event')} of "
        f"{counted(found.customers, 'customer')}, position {found.position}"
    )


def _exactly(asked: Asked, tz: ZoneInfo) -> str:
    return asked.astimezone(tz).isoformat() if isinstance(asked, datetime) else str(asked)


def verification_lines(found: Verification) -> Iterator[str]:
    """Yield the lines of a verification, each named difference on one of its own."""
    yield (
        f"refolded {counted(found.events, 'event')} of {counted(found.customers, 'customer')}: "
        f"{counted(found.rows, 'row')}, {counted(found.alerts, 'alert')}, {found.parked:,} parked"
    )
    if found.waiting:
        yield (
            f"{counted(found.waiting, 'event')} not taken in yet, left out of the comparison: "
            "`touchstone status` says how far the projections are"
        )
    if found.mirrored:
        yield (
            f"compared {counted(found.mirrored, 'record')} of Kafka's topics with the events "
            f"table, {counted(found.duplicates, 'duplicate')} among them"
        )
    for one in found.named:
        yield (
            f"{one.projection}  {one.customer_id or 'company'}  {one.where}  {one.key}\n"
            f"    live:     {one.live}\n    refolded: {one.refolded}"
        )
    if found.differences > len(found.named):
        yield f"... and {found.differences - len(found.named):,} more"
    yield counted(found.differences, "difference") if found.differences else "no difference"


def status_lines(found: Status) -> Iterator[str]:
    """Yield the lines of the status."""
    if found.filling:
        yield "the platform is still being filled: these are the figures of a part"
    dropped = ""
    if found.duplicates:
        dropped = f", {counted(found.duplicates, 'duplicate')} in it dropped"
    yield f"log: {counted(found.events, 'event')}{dropped}, position {found.position}"
    for one in found.projections:
        yield (
            f"{one.projection} v{one.version}: {counted(one.behind, 'event')} behind, "
            f"{counted(one.customers, 'customer')}, {one.overdue:,} due, "
            f"{one.under_older_policies:,} under older policies, {one.parked:,} parked"
        )
    casework = found.casework
    yield (
        f"casework: {counted(casework.openings_behind, 'event')} and "
        f"{counted(casework.escalations_behind, 'alert')} still to be looked at, "
        f"{casework.parked:,} parked"
    )
    yield f"search: {counted(found.search_behind, 'event')} behind"
    yield f"native: {found.native}"
    for program in found.programs:
        where = f"process {program.pid}" + (f" on {program.host}" if program.host else "")
        yield f"native: {program.native} in `touchstone {program.command}` ({where})"
    if uncounted := found.uncounted_sources:
        yield (
            f"without sequence numbers, so that no gap can be seen: "
            f"{counted(len(uncounted), 'source')}, such as {', '.join(uncounted[:3])}"
        )
