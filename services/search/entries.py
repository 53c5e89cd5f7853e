"""What a customer is found by, readable: its ids, names and numbers, and those of its group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from events.customers.words import latest_words
from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.customer import ContactPersonAdded
from services.search.letters import Unit, plain_of, units_of
from services.search.persons import PROFILE, Words
from services.search.phones import Phone, phones_in

Field = Literal["id", "name", "phone"]


@dataclass(frozen=True, slots=True, repr=False)  # a traceback or a log line may show it
class Text:
    """One text that a customer is found by, and whose it is: the customer's own, or whose else.

    A number is read as in a country.
    """

    field: Field
    text: str
    of: CustomerId
    is_contact: bool = False
    region: str = ""

    @property
    def plain(self) -> str:
        """Return the text as it is compared."""
        return plain_of(self.text)

    @property
    def units(self) -> Sequence[Unit]:
        """Return the characters and words of a name."""
        return units_of(self.text)

    @property
    def phones(self) -> Sequence[Phone]:
        """Return the numbers, which are read each time they are asked for: few questions do."""
        return list(phones_in(self.text, self.region))


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """All texts that a customer is found by."""

    customer: CustomerId
    texts: Sequence[Text]


def entry_of(words: Words, customer: CustomerId, at: datetime, region: str) -> Entry:
    """Return what a customer is found by at an instant; numbers are read as in a country.

    Of each member of its group the last name and number hold, and those of its contact persons.
    """
    texts: list[Text] = []
    for member in words.members(customer, at):
        texts.append(Text("id", member, member))
        person = words.own_person(member, at)
        texts += _texts(member, person.name, person.phone, region, is_contact=False)
        for contact in _contacts(words, member, at):
            opened = words.opened.get(contact.id, {})
            name, phone = opened.get("name"), opened.get("phone")
            texts += _texts(member, name, phone, region, is_contact=True)
    return Entry(customer, texts)


def _contacts(words: Words, member: CustomerId, at: datetime) -> Iterator[Fact]:
    """Yield the last word about each contact person."""
    seen: set[str] = set()
    for _, fact in latest_words({member: words.told_of.get(member, ())}, member, at):
        if isinstance(fact.data, ContactPersonAdded) and fact.data.contact_id not in seen:
            seen.add(fact.data.contact_id)
            yield fact


def _texts(
    member: CustomerId, name: str | None, phone: str | None, region: str, *, is_contact: bool
) -> Iterator[Text]:
    if name:
        yield Text("name", name, member, is_contact)
    if phone:
        yield Text("phone", phone, member, is_contact, region)


def due_at(words: Words, at: datetime) -> datetime | None:
    """Return the next instant at which something told of a group takes effect; None: never."""
    later = [
        fact.effective_at
        for facts in words.told_of.values()
        for fact in facts
        if fact.effective_at > at and isinstance(fact.data, (*PROFILE, ContactPersonAdded))
    ]
    change = words.identity.next_change(at)
    return min([*later, *([change] if change else [])], default=None)
