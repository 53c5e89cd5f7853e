"""Reads touchpoints from their bytes, several times as fast as by a library and a conversion.

One straight-line function is generated per published schema. It builds the touchpoint from the
bytes with nothing in between, and checks what the type asks of each value on the way. It gives
what `events.codec.decode_by_library` gives, and raises where that raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import error as struct_error
from struct import unpack_from
from typing import Any, cast

from msgspec.inspect import (
    BoolType,
    BytesType,
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

import schemas
from events.avro import struct_info
from events.touchpoints import Touchpoint

MALFORMED = (IndexError, OverflowError, ValueError, struct_error)
"""What a reader raises; a UnicodeDecodeError is a ValueError."""

_UNIX_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATTERNS_KEPT = 4096  # words, such as currencies, found to match


def reader_of(
    schema: schemas.AvroSchema, touchpoint: type[Touchpoint], start: int
) -> Callable[[bytes], Touchpoint]:
    """Return what reads a touchpoint that was written under a schema, from byte `start` on.

    What it returns raises one of MALFORMED for bytes that hold no such touchpoint.
    """
    source = _Source()
    made = source.record(schema, struct_info(touchpoint))
    lines = (
        "def read(b):",
        f" i = {start}",
        *source.lines,
        f" made = {made}",
        " if i > len(b): raise ValueError('cut short')",
        " if i < len(b): raise ValueError('bytes follow its end')",
        " return made",
    )
    scope: dict[str, object] = {
        "day": date.fromordinal,
        "epoch": _UNIX_EPOCH,
        "micros": timedelta.resolution,
        "unpack": unpack_from,
        **source.names,
    }
    code = compile("\n".join(lines), f"<reader of {touchpoint.event_type}>", "exec")
    exec(code, scope)  # noqa: S102 - made of published schemas and our own types alone
    return cast(Callable[[bytes], Touchpoint], scope["read"])


class _Source:
    """The lines of one reader, in the order of the bytes; expressions name what was read."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {}
        self._indent = " "
        self._named: dict[str, Mapping[str, Any]] = {}
        self._variables = 0

    def record(self, schema: Mapping[str, Any], info: StructType) -> str:
        """Write the reading of a record; return the expression that makes its struct."""
        self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
        made = self._name(info.cls)
        fields = {field.encode_name: field for field in info.fields}
        given = []
        for field in schema["fields"]:
            ours = fields[field["name"]]
            given.append(f"{ours.name}={self._value(field['type'], ours.type)}")
        return f"{made}({', '.join(given)})"

    def _value(self, avro: object, info: Type) -> str:
        """Write the reading of one value; return the name or expression that holds it."""
        match avro:
            case ["null", some]:
                return self._optional(some, info)
            case {"type": "array", "items": items}:
                assert isinstance(info, VarTupleType)
                return self._array(items, info.item_type)
            case {"type": "record"}:
                assert isinstance(info, StructType)
                return self.record(cast(Mapping[str, Any], avro), info)
            case {"logicalType": "date"}:
                return f"day({self._long()} + {_UNIX_EPOCH_ORDINAL})"
            case {"logicalType": "timestamp-micros"}:
                return f"epoch + {self._long()} * micros"
            case str() if avro in self._named:
                assert isinstance(info, StructType)
                return self.record(self._named[avro], info)
            case _:
                value = self._plain(str(avro))
                for wrong in self._wrong(value, info):
                    self._write(f"if {wrong}: raise ValueError('outside its bounds')")
                return value

    def _wrong(self, value: str, info: Type) -> Iterator[str]:
        """Yield a condition for each constraint of the type that the value may break."""
        match info:
            case IntType(gt=None, ge=int(low), lt=None, le=int(high), multiple_of=None):
                yield f"not {low} <= {value} <= {high}"
            case StrType(min_length=low, max_length=high, pattern=pattern):
                if low:
                    yield f"len({value}) < {low}"
                if high is not None:
                    yield f"len({value}) > {high}"
                if pattern is not None:
                    matches = self._name(lru_cache(_PATTERNS_KEPT)(re.compile(pattern).search))
                    yield f"not {matches}({value})"
            case LiteralType(values=words):
                yield f"{value} not in {self._name(frozenset(words))}"
            case BoolType() | BytesType(min_length=None, max_length=None):
                pass
            case FloatType(gt=None, ge=None, lt=None, le=None, multiple_of=None):
                pass
            case _:
                raise AssertionError(f"no check is written for {info}")

    def _plain(self, avro: str) -> str:
        match avro:
            case "long":
                return self._long()
            case "string" | "bytes":
                size, value = self._long(), self._variable()
                self._write(f"{value} = b[i:i + {size}]{'.decode()' if avro == 'string' else ''}")
                self._write(f"if {size} < 0: raise ValueError('a length below 0')")
                self._write(f"i += {size}")
                if avro == "string":  # no database can hold it
                    self._write(f"if '\\0' in {value}: raise ValueError('a NUL in a text')")
                return value
            case "boolean":
                value = self._variable()
                self._write(f"{value} = b[i] == 1")
                self._write("if b[i] > 1: raise ValueError('no boolean')")
                self._write("i += 1")
                return value
            case "double":
                value = self._variable()
                self._write(f"({value},) = unpack('<d', b, i)")
                self._write("i += 8")
                return value
            case _:
                raise AssertionError(f"no published schema has the type {avro}")

    def _optional(self, avro: object, info: Type) -> str:
        assert isinstance(info, UnionType)
        value = self._variable()
        self._write("c = b[i]")
        self._write("i += 1")
        self._write("if c == 2:")
        with_more = self._indent
        self._indent += " "
        some = next(one for one in info.types if not isinstance(one, NoneType))
        self._write(f"{value} = {self._value(avro, some)}")
        self._indent = with_more
        self._write("elif c == 0:")
        self._write(f" {value} = None")
        self._write("else: raise IndexError('no such branch of a union')")
        return value

    def _array(self, items: object, info: Type) -> str:
        values, left = self._variable(), self._variable()
        outside = self._indent
        self._write(f"{values} = []")
        self._write("while True:")
        self._indent += " "
        self._write(f"{left} = {self._long()}")
        self._write(f"if not {left}: break")
        self._write(f"if {left} < 0:")
        self._indent += " "
        self._write(f"{left} = -{left}")
        self._long()  # the block's size in bytes, of use to who skips it
        self._indent = f"{outside} "
        self._write(f"for _ in range({left}):")
        self._indent += " "
        self._write(f"{values}.append({self._value(items, info)})")
        self._indent = outside
        return f"tuple({values})"

    def _long(self) -> str:
        """Write the reading of a zigzag number of at most 64 bits."""
        value = self._variable()
        self._write(f"{value} = b[i]")
        self._write("i += 1")
        self._write(f"if {value} > 127:")
        self._write(f" {value} &= 127")
        self._write(" s = 7")
        self._write(" while True:")
        self._write("  c = b[i]")
        self._write("  i += 1")
        self._write(f"  {value} |= (c & 127) << s")
        self._write("  if c < 128: break")
        self._write("  s += 7")
        self._write("  if s > 63: raise ValueError('a number of more than 64 bits')")
        self._write(f"{value} = ({value} >> 1) ^ -({value} & 1)")
        return value

    def _name(self, thing: object) -> str:
        """Return the name under which the reader finds a thing."""
        name = f"n{len(self.names)}"
        self.names[name] = thing
        return name

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _write(self, line: str) -> None:
        self.lines.append(self._indent + line)
