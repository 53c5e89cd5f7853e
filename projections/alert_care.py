"""Alerts with what was done about them: by whom, until when, and whom they were passed on to.

Words name an alert by its episode's id, which is the same whoever the customer is merged into, or
by its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter

from msgspec.structs import replace

from events.alert_care import Care
from projections.protocol import Alert

Cares = Mapping[str, Care]
"""What was said of alerts, by the id that it named them by."""


def with_care(alert: Alert, cares: Cares, at: datetime) -> Alert:
    """Return an alert that stands, with what was done about it by an instant."""
    if not cares:
        return alert
    care = care_of(alert, cares)
    if care is None:
        return alert
    now = care.as_of(at)
    return replace(
        alert,
        state=now.state,
        state_by=now.by,
        state_at=now.at,
        until=now.until,
        delegate=now.delegate,
    )


def care_of(alert: Alert, cares: Cares) -> Care | None:
    """Return the last word about an alert, and whom it was passed on to by whichever id."""
    by_episode, by_own = cares.get(alert.episode_id), cares.get(alert.alert_id)
    if by_episode is None or by_own is None:
        return by_episode or by_own
    assert by_episode.at is not None
    assert by_own.at is not None
    before, last = sorted((by_own, by_episode), key=attrgetter("at"))
    if last.state == "acknowledged" and last.by != before.delegate:
        return last
    return replace(last, delegate=last.delegate or before.delegate)


def earliest(at: datetime | None, alerts: Iterable[Alert]) -> datetime | None:
    """Return when something changes, which may be that an alert was put off until then."""
    found = [alert.until for alert in alerts if alert.until is not None]
    if at is not None:
        found.append(at)
    return min(found, default=None)
