"""Why data does not fit its touchpoint: the exact field, the reason and the remedy."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import inspect

from events.money import Money
from events.texts import N_, either, worded
from services.intake.answers import Code, EventRefused
from services.intake.attributes import kind_of
from services.web.strict_json import Unusable
from services.wording import nearest

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")
_MINOR = worded("an amount is a whole number of minor units: 12.50 CNY is 1250")
_DAY = worded("write a day that exists, such as 2026-02-28")
_INSTANT = worded("write an instant with its zone, such as 2026-03-06T17:12:00+08:00")

_KINDS = {
    "int": N_("a whole number"),
    "float": N_("a number"),
    "str": N_("a text"),
    "bool": N_("true or false"),
    "object": N_("an object"),
    "array": N_("an array"),
    "date": N_("a day"),
    "datetime": N_("an instant"),
    "null": N_("null"),
}


def explained(
    error: msgspec.ValidationError, data: Mapping[str, object], touchpoint: type[msgspec.Struct]
) -> EventRefused:
    """Return the refusal that says what a conversion of `data` to `touchpoint` met."""
    found = _PLACE.fullmatch(str(error))
    assert found is not None
    what, path = found["what"], (found["path"] or "$").removeprefix("$")
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    field, value = f"data{path}", _value_at(data, steps)
    expected = _type_at(touchpoint, steps)
    if isinstance(value, Unusable):
        remedy = _remedy(field, value, what, expected)
        return EventRefused("malformed", field, value.told, remedy, kept_reason=value.reason)
    if match := re.search(r"(missing required|unknown) field `(.*)`", what, re.DOTALL):
        return _about_name(match[1], match[2], field, expected)
    code, reason = _reason(what, value)
    if words := _words_of(expected):
        return EventRefused(
            "malformed", field, reason, worded("say one of: %(words)s", words=", ".join(words))
        )
    return EventRefused(code, field, reason, _remedy(field, value, what, expected))


def _about_name(kind: str, name: str, field: str, holder: object) -> EventRefused:
    """Return the refusal of an object with a field too few or too many."""
    names = [n for n in _fields_of(holder) if n != "sealed"]
    name = name[:80]
    if kind == "unknown":
        remedy = worded("leave it out%(near)s", near=nearest(name, names))
        return EventRefused(
            "unknown_field", f"{field}.{name}", worded("is no field here"), remedy, kept_field=field
        )
    expected = _type_at(holder, [name])
    remedy = worded("give %(name)s", name=name)
    if words := _words_of(expected):
        remedy = worded("give %(name)s, one of: %(words)s", name=name, words=", ".join(words))
    return EventRefused("missing", f"{field}.{name}", worded("is missing"), remedy)


def _reason(what: str, value: object) -> tuple[Code, str]:
    """Return the code and the reason for a message of msgspec's."""
    if match := re.fullmatch(r"Expected `(.*)`, got `.*`", what):
        wanted = either([worded(_KINDS.get(kind, kind)) for kind in match[1].split(" | ")])
        if isinstance(value, float) and match[1].startswith("int"):
            return "malformed", worded("has a decimal point")
        return "malformed", worded(
            "is %(kind)s instead of %(wanted)s", kind=kind_of(value), wanted=wanted
        )
    if match := re.fullmatch(r"Expected `\w+` (>=|<=|>|<) (.*)", what):
        if not match[1].startswith(">"):
            return "out_of_range", worded("is more than %(most)s", most=match[2])
        if match[2] == "0":
            return "out_of_range", worded("is negative")
        return "out_of_range", worded("is less than %(least)s", least=match[2])
    if match := re.fullmatch(r"Expected `\w+` of length (>=|<=) (.*)", what):
        length = len(value) if isinstance(value, str | list) else worded("too many")
        if match[1] == ">=":
            text = N_("has a length of %(length)s, not at least %(bound)s")
        else:
            text = N_("has a length of %(length)s, not at most %(bound)s")
        return "out_of_range", worded(text, length=length, bound=match[2])
    if "RFC3339 encoded date" in what and "datetime" not in what:
        return "malformed", worded("is no day that exists")
    if "RFC3339 encoded datetime" in what:
        return "malformed", worded("is no instant that exists")
    if "timezone" in what:
        return "malformed", worded("has no zone")
    if "enum value" in what:
        return "malformed", worded("is none of the words that are known here")
    return "malformed", worded("is not of the form that is asked for")


def _remedy(field: str, value: object, what: str, expected: object) -> str:
    """Return how to mend it."""
    if field.endswith(".minor"):
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            return worded(
                "an amount is never negative: a touchpoint's type says the direction, such as "
                "payment.credit_note_issued or payment.refund_paid"
            )
        return _MINOR
    if field.endswith(".currency"):
        return worded("give a code of ISO 4217 in capitals, such as CNY")
    if Money in _structs(expected) and isinstance(value, int | float | str):
        return worded(
            "give an object; %(minor)s, as {'minor': 1250, 'currency': 'CNY'}", minor=_MINOR
        )
    if "datetime" in what or "timezone" in what:
        return _INSTANT
    if "date" in what:
        return _DAY
    if "length" in what:
        return (
            worded("shorten it")
            if "<=" in what
            else worded("give it, or leave the field out if it may be")
        )
    return _asked_for(expected)


def _asked_for(expected: object) -> str:
    """Return the remedy that says what a field's type takes."""
    info = inspect.type_info(expected)
    for kind in info.types if isinstance(info, inspect.UnionType) else (info,):
        match kind:
            case inspect.IntType(ge=int(low), le=int(high)):
                return worded("give a whole number from %(low)s to %(high)s", low=low, high=high)
            case inspect.FloatType():
                return worded("give a number")
            case inspect.BoolType():
                return worded("say true or false")
            case inspect.StrType():
                return worded("give a text")
            case inspect.VarTupleType():
                return worded("give an array")
            case inspect.StructType(fields=fields):
                return worded(
                    "give an object with %(names)s",
                    names=", ".join(field.encode_name for field in fields),
                )
            case _:
                continue
    return worded("send the value that the touchpoint's schema asks for")


def _value_at(data: object, steps: list[str | int]) -> object:
    """Return the value at a path, as far as there is one."""
    for step in steps:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
    return data


def _type_at(holder: object, steps: list[str | int]) -> object:
    """Return the type that is declared at a path, or None where none is."""
    for step in steps:
        if isinstance(step, int):
            holder = next((a for a in _inner(holder) if a is not Ellipsis), None)
            continue
        struct = next(_structs(holder), None)
        hints = typing.get_type_hints(struct, include_extras=True) if struct else {}
        holder = hints.get(step)
    return holder


def _inner(hint: object) -> tuple[object, ...]:
    """Return the arguments of the tuple inside a type, through Annotated and unions."""
    for part in _parts(hint):
        if typing.get_origin(part) is tuple:
            return typing.get_args(part)
    return ()


def _parts(hint: object) -> Iterator[object]:
    """Yield the members of a type: of an Annotated its type, of a union each."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        yield from _parts(typing.get_args(hint)[0])
    elif origin in (typing.Union, types.UnionType):
        for part in typing.get_args(hint):
            yield from _parts(part)
    else:
        yield hint


def _structs(hint: object) -> Iterator[type[msgspec.Struct]]:
    for part in _parts(hint):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            yield part


def _fields_of(hint: object) -> list[str]:
    return [name for struct in _structs(hint) for name in struct.__struct_fields__]


def _words_of(hint: object) -> list[str]:
    """Return the words that a Literal allows."""
    return [
        str(word)
        for part in _parts(hint)
        if typing.get_origin(part) is typing.Literal
        for word in typing.get_args(part)
    ]
