"""The Avro schema that follows from a touchpoint's type.

The type is written by hand, its schema never is. Words of a closed list (`Literal`) travel as
strings and not as an Avro enum: a reader of an older version could not resolve a symbol added
later, so every new word would be a breaking change.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.inspect import (
    BoolType,
    BytesType,
    DateTimeType,
    DateType,
    Field,
    FloatType,
    IntType,
    LiteralType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)
from msgspec.inspect import NoneType as NoneTypeInfo

from events.touchpoints.base import Touchpoint
from schemas import AvroSchema

NAMESPACE = "touchstone"
"""Of parts that touchpoints share, such as Money; a touchpoint's own is NAMESPACE.family."""

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_PLAIN: Mapping[type[Type], object] = MappingProxyType(
    {
        BoolType: "boolean",
        FloatType: "double",
        StrType: "string",
        LiteralType: "string",
        BytesType: "bytes",
        DateType: {"type": "int", "logicalType": "date"},
    }
)


class NoAvroForm(TypeError):
    """A touchpoint's field has a type for which the wire has no form."""

    def __init__(self, owner: str, field: str, why: str) -> None:
        super().__init__(f"{owner}.{field} cannot travel: {why}")
        self.owner = owner
        self.field = field


def schema_of(touchpoint: type[Touchpoint]) -> AvroSchema:
    """Return the Avro schema of a touchpoint type. Raises: NoAvroForm."""
    family, _, _ = touchpoint.event_type.partition(".")
    return _record(touchpoint, f"{NAMESPACE}.{family}", set())


def struct_info(struct: type[Struct]) -> StructType:
    """Return what a struct's fields are."""
    info = type_info(struct)
    assert isinstance(info, StructType)
    return info


def _summary(struct: type[Struct]) -> str:
    return (struct.__doc__ or "").strip().partition("\n")[0]


def _record(struct: type[Struct], namespace: str, named: set[str]) -> AvroSchema:
    fields: list[AvroSchema] = []
    for field in struct_info(struct).fields:
        described: AvroSchema = {
            "name": field.encode_name,
            "type": _type(field.type, struct.__name__, field.name, named),
        }
        if not field.required:
            described["default"] = msgspec.json.decode(msgspec.json.encode(default_of(field)))
        fields.append(described)
    return {
        "type": "record",
        "name": struct.__name__,
        "namespace": namespace,
        "doc": _summary(struct),
        "fields": fields,
    }


def default_of(field: Field) -> object:
    """Return what a field holds when it is left out; only for fields that may be."""
    if field.default is not NODEFAULT:
        return field.default
    return field.default_factory()


def _type(info: Type, owner: str, field: str, named: set[str]) -> object:
    """Return the Avro type of one field; a shared part is spelt out where it first occurs."""
    match info:
        case IntType(ge=int(low), le=int(high)) if low >= LONG_MIN and high <= LONG_MAX:
            return "long"
        case DateTimeType(tz=True):
            return {"type": "long", "logicalType": "timestamp-micros"}
        case VarTupleType():
            return {"type": "array", "items": _type(info.item_type, owner, field, named)}
        case UnionType(types=(some, NoneTypeInfo())) | UnionType(types=(NoneTypeInfo(), some)):
            return ["null", _type(some, owner, field, named)]
        case StructType():
            name = f"{NAMESPACE}.{info.cls.__name__}"
            if name in named:
                return name
            named.add(name)
            return _record(info.cls, NAMESPACE, named)
        case _:
            plain = _PLAIN.get(type(info))
            if plain is None:
                raise NoAvroForm(
                    owner, field, f"{info} has no Avro form, or lacks bounds or a zone"
                )
            return plain
