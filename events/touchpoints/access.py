"""Touchpoints of the platform itself about who was shown personal data."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from events.touchpoints.base import Instant, Key, Touchpoint

LookNumber = Annotated[int, Meta(ge=0, le=10**15)]
Page = Annotated[str, Meta(min_length=1, max_length=200)]

MOST_SHOWN = 500
"""How many looks one event tells of at most."""


class PlatformTouchpoint(Touchpoint, frozen=True, kw_only=True):
    """What the platform alone records, about no customer: nobody publishes it."""


class Shown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer whose name, telephone number or note was shown, and on what kind of page."""

    look: LookNumber
    at: Instant
    customer: Key
    page: Page


class PersonsShown(PlatformTouchpoint, frozen=True, kw_only=True):
    """A member of staff was shown who customers are; each of them once for a kind of page."""

    event_type: ClassVar[str] = "access.persons_shown"
    by: Key
    shown: tuple[Shown, ...]


TYPES = (PersonsShown,)
