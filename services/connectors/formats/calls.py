"""A telephone call, whichever exchange tells of it, and the touchpoint that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import phonenumbers
from msgspec import Struct
from phonenumbers import NumberParseException, PhoneNumberFormat

from events.touchpoints.contact import CallEnded, CallOutcome, Direction, Transfer

_LONGEST_S = 604_800
_FEWEST_DIGITS = 3
_MOST_DIGITS = 20


class PhoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a company says of an exchange: whose telephones, trunks and numbers these are.

    `agents` and `lines` are by what the exchange calls them: `SIP/agent1` or a user's name or
    number; `4000`. Without `trunks` whoever is no agent is outside.
    """

    agents: Mapping[str, str] = {}  # staff number by telephone
    lines: Mapping[str, str] = {}  # what one of our numbers is called
    departments: Mapping[str, str] = {}  # to which department one of our numbers belongs
    trunks: tuple[str, ...] = ()
    region: str = "CN"  # in whose notation numbers are that name no country
    outside: str = ""  # what is dialled before a number outside, such as 0 or 9


class Call(Struct, frozen=True):
    """One call that is over."""

    call_id: str
    started_at: datetime
    direction: Direction
    outcome: CallOutcome
    waited_s: int
    talked_s: int
    agents: tuple[str, ...]
    line: str | None  # as the exchange calls it
    transfer: Transfer | None
    phone: str | None  # as `number_of` writes it; None: it was withheld


class Rings(Struct, frozen=True):
    """A telephone of ours begins to ring, or to dial a customer."""

    call_id: str
    agent: str  # as the exchange calls the telephone
    phone: str | None
    line: str | None
    direction: Direction = "in"


class Takes(Struct, frozen=True):
    """Somebody of ours is connected with the customer."""

    call_id: str
    agent: str


class Leaves(Struct, frozen=True):
    """A telephone of ours rings no more, or was hung up."""

    call_id: str
    agent: str


class Ends(Struct, frozen=True):
    """The call is over, or no agent's any more."""

    call_id: str


Sign = Rings | Takes | Leaves | Ends


def number_of(written: str | None, region: str) -> str | None:
    """Return a number as +86…, where it is one of the world's, else its digits; None: withheld.

    Short numbers and those of gateways, such as 95588, are real and belong to no country: a
    country's code before them would make another number.
    """
    if written is None:
        return None
    plain = written.strip().removeprefix("tel:").removeprefix("sip:").partition("@")[0]
    digits = "".join(one for one in plain if one.isdecimal())
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or _letters(plain):
        return None
    for text in (plain, f"+{digits}"):  # many exchanges leave the plus out
        try:
            number = phonenumbers.parse(text, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return digits


def _letters(text: str) -> bool:
    return any(one.isalpha() for one in text)


def call_ended(
    call: Call, feed_name: str, settings: PhoneSettings
) -> tuple[CallEnded, Mapping[str, str]]:
    """Return the touchpoint of a call, and its personal fields."""
    data = CallEnded(
        call_id=f"{feed_name}:{call.call_id}"[:120],
        direction=call.direction,
        outcome=call.outcome,
        waited_seconds=_within(call.waited_s),
        talked_seconds=_within(call.talked_s),
        agents=call.agents,
        line=_called(settings.lines, call.line),
        department=settings.departments.get(call.line or ""),
        transfer=call.transfer,
    )
    return data, ({"phone": call.phone} if call.phone else {})


def _called(lines: Mapping[str, str], line: str | None) -> str | None:
    return lines.get(line, line) if line else None


def _within(seconds: int) -> int:
    return max(0, min(seconds, _LONGEST_S))


def digits_of(phone: str) -> str:
    """Return a number as the index of customers has it."""
    return phone.removeprefix("+")


def staff_of(settings: PhoneSettings, phones: Sequence[str]) -> tuple[str, ...]:
    """Return the staff at some telephones, each once, in their order; others are left out."""
    known = (settings.agents[one] for one in phones if one in settings.agents)
    return tuple(dict.fromkeys(known))


def instant_of(epoch_s: float) -> datetime:
    """Return the instant of so many seconds since 1970."""
    return datetime.fromtimestamp(epoch_s, UTC)
