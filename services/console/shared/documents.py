"""What the JSON documents of all topics share, and how one is told from a row.

A document is declared field by field, since it is a promise to those who read the API; it is
filled from the row that it tells of, never copied by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

D = TypeVar("D", bound="Document")


class Document(Struct):
    """A JSON object of the read API."""


class Money(Document):
    """An amount in minor units of its currency."""

    minor: int
    currency: Annotated[str, Meta(examples=["CNY"])]


class Positioned(Document):
    """Every answer says which position of the log it reflects."""

    position: Annotated[
        str, Meta(description="Token of the position reflected; pass it as `at_least`.")
    ]


def tell(kind: type[D], row: Struct, *, currency: str = "", **more: object) -> D:
    """Return the document of a row: what is not in `more` is found in the row.

    A field `x` is the row's `x`; money is the row's `x_minor` in the row's currency, or in
    `currency` where the row has none, and null where that is null or the currency is empty;
    an id `x` is the row's `x_id`. A document within is told from the struct within.
    """
    currency = getattr(row, "currency", currency)
    return kind(
        **{
            name: more[name] if name in more else _found(row, name, field, currency)
            for name, field in _fields(kind).items()
        }
    )


class _Field(NamedTuple):
    """What a document's field holds: the document within it, if one, and if many of them."""

    within: type[Document] | None
    many: bool


@cache
def _fields(kind: type[Document]) -> Mapping[str, _Field]:
    hints = get_type_hints(kind)
    return {name: _field(hints[name]) for name in kind.__struct_fields__}


def _field(hint: Any) -> _Field:  # noqa: ANN401 - a type as typing gives it
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    many = get_origin(hint) is list
    if many:
        [hint] = get_args(hint)
    is_document = isinstance(hint, type) and issubclass(hint, Document)
    return _Field(hint if is_document else None, many)


def _found(row: Struct, name: str, field: _Field, currency: str) -> object:
    if field.within is Money:
        minor = getattr(row, f"{name}_minor")
        return None if minor is None or not currency else Money(minor=minor, currency=currency)
    value = getattr(row, name) if hasattr(row, name) else getattr(row, f"{name}_id")
    if value is None:
        return None
    if field.within is None:
        return list(value) if field.many else value
    if field.many:
        return [tell(field.within, one, currency=currency) for one in value]
    return tell(field.within, value, currency=currency)
