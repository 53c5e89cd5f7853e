"""Touchpoints of who the customer is."""

from typing import ClassVar

from events.touchpoints.base import Key, PersonalTouchpoint, Text, Touchpoint

_CONTACT = frozenset({"name", "phone", "email", "address"})


class CustomerRegistered(PersonalTouchpoint, frozen=True, kw_only=True):
    """A customer became known. The home branch's zone sets its local days."""

    event_type: ClassVar[str] = "customer.registered"
    version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = _CONTACT | {"identity_number"}
    home_branch: Key | None = None
    segment: Text | None = None
    kind: Text | None = None  # person, company
    by: Key | None = None  # since version 2: who decided it, by a command


class CustomerProfileChanged(PersonalTouchpoint, frozen=True, kw_only=True):
    """What is known of the customer changed; a field left out stays as it was."""

    event_type: ClassVar[str] = "customer.profile_changed"
    version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = _CONTACT | {"identity_number"}
    home_branch: Key | None = None
    segment: Text | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


class ContactPersonAdded(PersonalTouchpoint, frozen=True, kw_only=True):
    """A person who may be spoken to on the customer's behalf."""

    event_type: ClassVar[str] = "customer.contact_person_added"
    personal: ClassVar[frozenset[str]] = _CONTACT
    contact_id: Key
    role: Text | None = None


class CustomerMerged(Touchpoint, frozen=True, kw_only=True):
    """The subject was found to be the same customer as `into`, from this instant on."""

    event_type: ClassVar[str] = "customer.merged"
    version: ClassVar[int] = 2
    into: Key
    reason: Text | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


class CustomerUnmerged(Touchpoint, frozen=True, kw_only=True):
    """A merge of the subject into `out_of` was wrong and ends at this instant."""

    event_type: ClassVar[str] = "customer.unmerged"
    version: ClassVar[int] = 2
    out_of: Key
    reason: Text | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


class ConsentGiven(Touchpoint, frozen=True, kw_only=True):
    """The customer allowed a purpose, such as paperless bills or marketing."""

    event_type: ClassVar[str] = "customer.consent_given"
    purpose: Key
    channel: Text | None = None


class ConsentWithdrawn(Touchpoint, frozen=True, kw_only=True):
    """The customer no longer allows a purpose."""

    event_type: ClassVar[str] = "customer.consent_withdrawn"
    purpose: Key


class CustomerErased(Touchpoint, frozen=True, kw_only=True):
    """The customer's key was destroyed; the receipt proves it."""

    event_type: ClassVar[str] = "customer.erased"
    receipt: Key
    reason: Text | None = None


TYPES = (
    CustomerRegistered,
    CustomerProfileChanged,
    ContactPersonAdded,
    CustomerMerged,
    CustomerUnmerged,
    ConsentGiven,
    ConsentWithdrawn,
    CustomerErased,
)
