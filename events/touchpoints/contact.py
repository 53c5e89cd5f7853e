"""Touchpoints of calls and visits."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from events.money import Money
from events.touchpoints.base import Instant, Key, PersonalTouchpoint, Text
from events.touchpoints.complaint import Outcome

Minutes = Annotated[int, Meta(ge=0, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=604_800)]
"""Of a call: a week at most."""

Direction = Literal["in", "out"]
CallOutcome = Literal["answered", "abandoned", "unanswered"]
"""Somebody of ours spoke with the customer; the caller gave up before; or nobody answered."""

Transfer = Literal["blind", "attended"]
Score = Annotated[int, Meta(ge=0, le=10)]


class DriverScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the customer scored one driver of satisfaction, 0 to 10."""

    driver: Key
    score: Score


class CallbackPromised(PersonalTouchpoint, frozen=True, kw_only=True):
    """We promised to call the customer by an instant."""

    event_type: ClassVar[str] = "callback.promised"
    personal: ClassVar[frozenset[str]] = frozenset({"note", "callback_phone"})
    callback_id: Key
    purpose: Text
    due_at: Instant
    case_id: Key | None = None


class CallbackMade(PersonalTouchpoint, frozen=True, kw_only=True):
    """We called the customer back, or tried to."""

    event_type: ClassVar[str] = "callback.made"
    version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    callback_id: Key
    outcome: Outcome
    minutes: Minutes = 0
    case_id: Key | None = None
    scores: tuple[DriverScore, ...] = ()
    by: Key | None = None  # since version 2: who called


class VisitPlanned(PersonalTouchpoint, frozen=True, kw_only=True):
    """Somebody will visit the customer."""

    event_type: ClassVar[str] = "visit.planned"
    personal: ClassVar[frozenset[str]] = frozenset({"note", "address"})
    visit_id: Key
    purpose: Text
    planned_at: Instant
    staff: Key | None = None


class VisitMade(PersonalTouchpoint, frozen=True, kw_only=True):
    """Somebody visited the customer; `competitor_spend` is what it buys elsewhere a month."""

    event_type: ClassVar[str] = "visit.made"
    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    visit_id: Key
    purpose: Text
    minutes: Minutes
    staff: Key | None = None
    competitor_spend: Money | None = None


class CallEnded(PersonalTouchpoint, frozen=True, kw_only=True):
    """A telephone call is over; without a subject it is not known whose it was.

    It is one, through however many hands it went. Answered says that somebody of ours was
    connected with the customer, which a greeting is not.
    """

    event_type: ClassVar[str] = "contact.call_ended"
    personal: ClassVar[frozenset[str]] = frozenset({"phone", "note"})
    call_id: Key  # the exchange's number of it
    direction: Direction
    outcome: CallOutcome
    waited_seconds: Seconds = 0  # until somebody took it, or it ended
    talked_seconds: Seconds = 0  # with any of ours
    agents: tuple[Key, ...] = ()  # staff who spoke with the customer, in that order
    line: Text | None = None  # which of our numbers
    department: Key | None = None
    transfer: Transfer | None = None


TYPES = (CallbackPromised, CallbackMade, VisitPlanned, VisitMade, CallEnded)
