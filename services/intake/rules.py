"""What a touchpoint's type cannot say: who may publish it, and what must agree with what.

These rules hold for every draft, whichever way it came in: over HTTP or from this process.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from events.envelope import Envelope
from events.streams import is_stream
from events.texts import worded
from events.touchpoints import PlatformTouchpoint, Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from services.intake.answers import EventRefused
from services.intake.characters import CUSTOMER_CHARACTERS, flaw, flaw_on_a_page
from services.intake.draft import Draft, Scope
from services.intake.soundness import EARLIEST_DAY, check_data

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AHEAD = timedelta(hours=24)
"""How far a touchpoint may lie in the future: a wrong zone, but not a wrong year."""

_EARLIEST = datetime(EARLIEST_DAY.year, EARLIEST_DAY.month, EARLIEST_DAY.day, tzinfo=UTC)
RESERVED = ("branch:", "console:", "vault:")
"""Subjects under which the platform keeps keys that are nobody's."""

_WITHOUT_CUSTOMER = (
    "complaint.", "case.", "callback.", "visit.", "order.", "contact.", "payment.money_",
)  # fmt: skip
"""Families whose touchpoints may have no customer yet (decision 33), or have none."""


def check(draft: Draft, scope: Scope, now: datetime) -> None:
    """Let a draft pass that its sender may publish. Raises: EventRefused."""
    envelope, data = draft.envelope, draft.data
    assert envelope.type == data.event_type, "a draft's envelope names the type of its data"
    if not _UUID.fullmatch(envelope.id):
        raise EventRefused(
            "malformed", "id", worded("is no UUID"), worded("write it in lower case, with hyphens")
        )
    if isinstance(data, PlatformTouchpoint):
        raise EventRefused(
            "not_allowed",
            "type",
            worded("%(type)s is recorded by the platform alone", type=envelope.type),
            worded("leave the event out"),
        )
    _check_source(envelope, scope)
    _check_subject(envelope, data, scope)
    _check_instants(envelope, now)
    check_data(data)


def _check_source(envelope: Envelope, scope: Scope) -> None:
    prefix = f"/branches/{scope.branch_id}/"
    device = envelope.source.removeprefix(prefix)
    foreign = device in (envelope.source, "") or envelope.branch_id != scope.branch_id
    if is_stream(envelope.source):
        raise EventRefused(
            "not_allowed",
            "source",
            worded("is the stream of a case or customer, to which commands alone append"),
            worded(
                "send the command with a key of a member of staff (/api/v1/openapi.json names "
                "them), or give %(prefix)s and the device",
                prefix=prefix,
            ),
        )
    if foreign or flaw(envelope.source):
        raise EventRefused(
            "not_allowed",
            "source",
            worded("is no device of branch %(branch_id)s", branch_id=scope.branch_id),
            worded(
                "give %(prefix)s and the device, or publish for the branch that it names: with "
                "its key, or on the command line with --branch",
                prefix=prefix,
            ),
        )


def _check_subject(envelope: Envelope, data: Touchpoint, scope: Scope) -> None:
    subject = envelope.subject
    if isinstance(data, ReferenceTouchpoint):
        if not scope.headquarters:
            raise EventRefused(
                "not_allowed",
                "type",
                worded("%(type)s sets rules for the whole company", type=envelope.type),
                worded(
                    "publish it with a key of headquarters (touchstone branch key create BRANCH "
                    "--headquarters)"
                ),
            )
        if subject is not None:
            raise EventRefused(
                "not_allowed",
                "subject",
                worded("%(type)s is about no customer", type=envelope.type),
                worded("leave it out"),
            )
    elif subject is None:
        if not envelope.type.startswith(_WITHOUT_CUSTOMER):
            raise EventRefused(
                "missing",
                "subject",
                worded("is missing"),
                worded("give the id of the customer it is about"),
            )
    else:
        check_customer(subject, "subject")


def check_customer(customer: str, field: str) -> None:
    """Let pass what may name a customer. Raises: EventRefused."""
    wrong = flaw_on_a_page(customer)
    if len(customer) > CUSTOMER_CHARACTERS:
        wrong = worded(
            "has %(count)s characters, not 1 to %(longest)s",
            count=len(customer),
            longest=CUSTOMER_CHARACTERS,
        )
    if wrong or customer.startswith(RESERVED):
        raise EventRefused(
            "malformed",
            field,
            wrong or worded("is no customer's id"),
            worded(
                "give the id without spaces around it, without slashes and without characters "
                "that nobody sees; it may not begin with any of: %(reserved)s",
                reserved=", ".join(map(repr, RESERVED)),
            ),
        )


def _check_instants(envelope: Envelope, now: datetime) -> None:
    sent, created = envelope.sent_at, envelope.created_at
    if sent is not None and sent < created:
        raise EventRefused(
            "inconsistent",
            "senttime",
            worded("is before time"),
            worded("both are the branch's clock: what happened cannot be sent before"),
        )
    field = "time" if sent is None else "collectedtime"
    if envelope.effective_at > now + _AHEAD:
        raise EventRefused(
            "out_of_range",
            field,
            worded("lies more than 24 hours ahead of the platform's clock"),
            worded("correct the instant, or the clock or zone of where it comes from"),
        )
    if min(envelope.effective_at, created) < _EARLIEST:
        raise EventRefused(
            "out_of_range",
            "time",
            worded("is before %(earliest_day)s", earliest_day=date.isoformat(EARLIEST_DAY)),
            worded("correct the year"),
        )
