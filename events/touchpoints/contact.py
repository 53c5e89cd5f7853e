"""Touchpoints of calls back and visits."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from events.money import Money
from events.touchpoints.base import Instant, Key, PersonalTouchpoint, Text
from events.touchpoints.complaint import Outcome

Minutes = Annotated[int, Meta(ge=0, le=10_000)]
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


TYPES = (CallbackPromised, CallbackMade, VisitPlanned, VisitMade)
