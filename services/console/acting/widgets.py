"""Forms made from types: what each field is asked with, and what was typed as the type takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Literal

from msgspec import NODEFAULT, Struct, inspect

from events.cases.commands import OnEscalation
from events.money import Money, UnknownCurrency, to_minor
from events.texts import worded
from events.touchpoints.base import Touchpoint
from services.casework.api import kept_sealed
from services.intake.answers import EventRefused

Widget = Literal[
    "text", "area", "select", "suggest", "checks", "tick", "day", "instant", "number", "money",
    "scores",
]  # fmt: skip

SCORES = 3
"""Drivers of satisfaction that a form asks for."""

_STEP = ("clock", "percent", "cycle", "obligation_id")
"""Fields of a command on an escalation that are one choice of what stands."""

STEP_FIELD = "step_of"
_ALWAYS = {"due_minutes": "480"}
"""Fields that a rule asks for though the type does not, and what is usual: a working day."""

_LONG = frozenset({"note", "text", "address"})
_SUGGESTED = frozenset({"reason", "channel", "category", "method", "purpose", "owes", "outcome"})


class Option(Struct, frozen=True):
    """Something that may be chosen, and what it is called."""

    value: str
    label: str


class Field(Struct, frozen=True, kw_only=True):
    """One field of a form; of a choice `options`, of a text those that are suggested."""

    name: str
    widget: Widget
    required: bool = False
    personal: bool = False
    options: tuple[Option, ...] = ()
    least: int | None = None
    most: int | None = None
    value: str = ""

    @property
    def input(self) -> str:
        """Return the name under which it is sent."""
        return f"personal.{self.name}" if self.personal else self.name

    def meant(self, typed: str) -> str:
        """Return the word that is kept of a suggestion, which people read and type by its name."""
        return next((one.value for one in self.options if one.label == typed), typed)


Choices = Mapping[str, Sequence[Option]]
"""What may be chosen for a field, by its name."""

Typed = Mapping[str, Sequence[str]]
"""What a form sent, by the names of its inputs."""


def command_fields(kind: type[Struct], choices: Choices, currency: str) -> Sequence[Field]:
    """Return the fields of a command's form."""
    steps = _STEP if issubclass(kind, OnEscalation) else ()
    found = []
    if steps:
        options = tuple(choices.get(STEP_FIELD, ()))
        found.append(Field(name=STEP_FIELD, widget="select", required=True, options=options))
    found += _fields(kind, choices, currency, without=steps)
    sealed = kept_sealed(kind)
    return [*found, *_personal(sealed)]


def touchpoint_fields(kind: type[Touchpoint], choices: Choices, currency: str) -> Sequence[Field]:
    """Return the fields of the form of a touchpoint that is to be published."""
    return [*_fields(kind, choices, currency, without=("sealed",)), *_personal(kind)]


def is_askable(kind: type[Touchpoint]) -> bool:
    """Return whether a form can ask for all that a touchpoint must say."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    return all(
        not one.required or _field(one.name, one.type, None, "") is not None for one in told.fields
    )


def _personal(kind: type[Touchpoint] | None) -> Iterator[Field]:
    for name in sorted(kind.personal if kind is not None else (), key=_place):
        yield Field(name=name, widget="area" if name in _LONG else "text", personal=True)


def _place(name: str) -> tuple[int, str]:
    known = ("text", "note", "name", "phone", "callback_phone", "email", "address")
    return (known.index(name) if name in known else len(known), name)


def _fields(
    kind: type[Struct], choices: Choices, currency: str, *, without: Sequence[str]
) -> Iterator[Field]:
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    for field in told.fields:
        if field.name in without:
            continue
        options = choices.get(field.name)
        asked = _field(field.name, field.type, options, currency)
        if asked is None:
            continue
        required = field.required and asked.widget not in ("tick", "checks")
        required = required or field.name in _ALWAYS
        has_default = field.default is not NODEFAULT and isinstance(field.default, str | int)
        value = asked.value or (
            str(field.default) if has_default and not isinstance(field.default, bool) else ""
        )
        yield Field(
            name=asked.name,
            widget=asked.widget,
            required=required,
            options=asked.options,
            least=asked.least,
            most=asked.most,
            value=value or _ALWAYS.get(field.name, ""),
        )


def _field(
    name: str, told: inspect.Type, options: Sequence[Option] | None, currency: str
) -> Field | None:
    """Return how a field of a type is asked for; None: no form can ask for it."""
    if isinstance(told, inspect.UnionType):
        told = next(one for one in told.types if not isinstance(one, inspect.NoneType))
    chosen = tuple(options or ())
    match told:
        case inspect.LiteralType(values=values):
            offered = tuple(Option(str(one), "") for one in values)
            return Field(name=name, widget="select", options=offered)
        case inspect.BoolType():
            return Field(name=name, widget="tick")
        case inspect.DateType():
            return Field(name=name, widget="day")
        case inspect.DateTimeType():
            return Field(name=name, widget="instant")
        case inspect.IntType(ge=least, le=most):
            return Field(name=name, widget="number", least=least, most=most)
        case inspect.StructType(cls=cls) if cls is Money:
            return Field(name=name, widget="money", value=currency)
        case inspect.StrType() if options is not None and name not in _SUGGESTED:
            return Field(name=name, widget="select", options=chosen)
        case inspect.StrType():
            widget: Widget = "suggest" if chosen else "text"
            return Field(name=name, widget=widget, options=chosen)
        case inspect.VarTupleType(item_type=inspect.StrType()):
            return Field(name=name, widget="checks", options=chosen)
        case inspect.VarTupleType(item_type=inspect.StructType()) if name == "scores":
            return Field(name=name, widget="scores", options=chosen)
        case _:
            return None


def read(fields: Sequence[Field], typed: Typed, zone: tzinfo) -> dict[str, object]:
    """Return what was typed as the body of a request says it. Raises: EventRefused."""
    found: dict[str, object] = {}
    personal: dict[str, str] = {}
    for field in fields:
        if field.personal:
            if text := _one(typed, field.input):
                personal[field.name] = text
        elif field.name == STEP_FIELD:
            found |= _step(_one(typed, field.input))
        elif (value := _read(field, typed, zone)) is not None:
            found[field.name] = value
    return found | ({"personal": personal} if personal else {})


def _one(typed: Typed, name: str) -> str:
    return next(iter(typed.get(name, ())), "").strip()


def _read(field: Field, typed: Typed, zone: tzinfo) -> object | None:
    text = _one(typed, field.input)
    match field.widget:
        case "checks":
            chosen = [one for one in typed.get(field.input, ()) if one]
            return chosen or None
        case "tick":
            return True if text else None
        case "money":
            return _money(field, typed)
        case "scores":
            return [*_scores(field, typed)] or None
        case "number" if text:
            return _number(field.name, text)
        case "instant" if text:
            return read_instant(field.name, text, zone)
        case "suggest":
            return field.meant(text) or None
        case _:
            return text or None


def _money(field: Field, typed: Typed) -> object | None:
    text = _one(typed, f"{field.input}.amount").replace(",", "")
    currency = _one(typed, f"{field.input}.currency").upper()
    if not text:
        return None
    remedy = worded("give an amount such as 1000.00, with no more decimals than its currency has")
    try:
        minor, rounded = to_minor(Decimal(text), currency)
    except UnknownCurrency as error:
        why = worded("is in no currency that there is")
        raise EventRefused(
            "malformed", field.name, why, worded("name a currency such as CNY")
        ) from error
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise EventRefused("malformed", field.name, worded("is no amount"), remedy) from error
    if rounded or minor < 0:
        raise EventRefused("malformed", field.name, worded("is no amount"), remedy)
    return {"minor": minor, "currency": currency}


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise EventRefused(
            "malformed", name, worded("is no whole number"), worded("give a whole number")
        ) from error


def typed_instant(at: datetime, zone: tzinfo) -> str:
    """Return an instant as a field for one holds it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def read_instant(name: str, text: str, zone: tzinfo) -> str:
    """Return a local instant with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except (ValueError, OverflowError) as error:
        raise EventRefused(
            "malformed", name, worded("is no day and time"), worded("choose a day and a time")
        ) from error


def _scores(field: Field, typed: Typed) -> Iterator[object]:
    for n in range(SCORES):
        driver, score = _one(typed, f"scores.{n}.driver"), _one(typed, f"scores.{n}.score")
        if driver and score:
            yield {"driver": field.meant(driver), "score": _number("scores", score)}


def step_option(command: OnEscalation, label: str) -> Option:
    """Return a step of the ladder as it is chosen."""
    parts = (command.clock, command.percent, command.cycle, command.obligation_id or "")
    return Option(" ".join(map(str, parts)), label)


def _step(text: str) -> dict[str, object]:
    parts = text.split(" ")
    if len(parts) != len(_STEP) or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise EventRefused(
            "missing", STEP_FIELD, worded("is missing"), worded("choose one of those that stand")
        )
    clock, percent, cycle, obligation = parts
    named = {"clock": clock, "percent": int(percent), "cycle": int(cycle)}
    return named | ({"obligation_id": obligation} if obligation else {})
