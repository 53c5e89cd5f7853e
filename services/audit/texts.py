"""What the auditor's commands print for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from events.money import from_minor
from services.audit.digest import Digest
from services.audit.reports import AgeingReport, AlertsReport
from services.audit.status import Status
from services.audit.verify import Verification

When = Callable[[datetime], str]
"""How a text writes an instant."""


def amount(minor: int, currency: str) -> str:
    """Return an amount as people read it, such as 1,234.50 CNY."""
    return f"{from_minor(minor, currency):,} {currency}"


def ageing_lines(report: AgeingReport) -> Iterator[str]:
    """Yield the lines of an ageing report."""
    scope = f"branch {report.branch_id}" if report.branch_id else "all branches"
    known = f", as known {report.known_at.isoformat()}" if report.known_at else ""
    yield f"Receivables at the end of {report.day}, {scope}{known}"
    if not report.currencies:
        yield "nothing was ever invoiced"
    for found in report.currencies:
        aged = found.ageing
        yield ""
        yield f"{'days past due':>14}  {'items':>8}  {'open':>22}  {'provision':>18}"
        for bucket in aged.buckets:
            yield (
                f"{bucket.label:>14}  {bucket.items:>8,}  "
                f"{amount(bucket.amount_minor, found.currency):>22}  "
                f"{amount(bucket.provision_minor, found.currency):>18}"
            )
        yield (
            f"{'total':>14}  {aged.items:>8,}  "
            f"{amount(aged.outstanding_minor, found.currency):>22}  "
            f"{amount(aged.provision_minor, found.currency):>18}"
        )
        yield (
            f"overdue {amount(aged.overdue_minor, found.currency)} on {aged.overdue_items:,} items "
            f"of {found.customers_overdue:,} customers; {found.disputed_items:,} items disputed"
        )
        yield (
            f"DSO over 90 days: {found.dso_90_days or 'nothing invoiced'}; settled "
            f"{found.settled_items:,} items, {found.mean_days_late or 0} days late on average"
        )
        yield (
            f"unapplied credit {amount(found.credit_minor, found.currency)}, "
            f"reserved {amount(found.reserved_minor, found.currency)}"
        )


def alerts_lines(report: AlertsReport) -> Iterator[str]:
    """Yield the lines of an alerts report."""
    yield f"Alerts up to {report.at.isoformat()}"
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
            ended = f"until {episode.until.isoformat()}"
            if cause is not None:
                ended += f" ({cause.reason}{f', event {cause.event_id}' if cause.event_id else ''})"
        yield (
            f"{alert.since.isoformat()}  {alert.kind} {alert.threshold}  {alert.customer_id}  "
            f"{alert.subject}  {amount(alert.amount_minor, alert.currency)}  {ended}"
        )


def digest_lines(found: Digest) -> Iterator[str]:
    """Yield the lines of a digest: the digest alone stands on the first."""
    yield found.digest
    known = f", as known {found.known_at.isoformat()}" if found.known_at else ""
    yield (
        f"at {found.at.isoformat()}{known}: {found.events:,} events of {found.customers:,} "
        f"customers, position {found.position}"
    )


def verification_lines(found: Verification) -> Iterator[str]:
    """Yield the lines of a verification, each named difference on one of its own."""
    yield (
        f"refolded {found.events:,} events of {found.customers:,} customers: {found.rows:,} rows, "
        f"{found.alerts:,} alerts, {found.parked:,} parked"
    )
    if found.mirrored:
        yield (
            f"compared {found.mirrored:,} records of Kafka's topics with the events table, "
            f"{found.duplicates:,} duplicates among them"
        )
    for one in found.named:
        yield (
            f"{one.projection}  {one.customer_id or 'company'}  {one.where}  {one.key}\n"
            f"    live:     {one.live}\n    refolded: {one.refolded}"
        )
    if found.differences > len(found.named):
        yield f"... and {found.differences - len(found.named):,} more"
    yield f"{found.differences:,} differences" if found.differences else "no difference"


def status_lines(found: Status) -> Iterator[str]:
    """Yield the lines of the status."""
    dropped = f", {found.duplicates:,} duplicates in it dropped" if found.duplicates else ""
    yield f"log: {found.events:,} events{dropped}, position {found.position}"
    for one in found.projections:
        yield (
            f"{one.projection} v{one.version}: {one.behind:,} events behind, {one.customers:,} "
            f"customers, {one.overdue:,} due, {one.under_older_policies:,} under older policies, "
            f"{one.parked:,} parked"
        )
