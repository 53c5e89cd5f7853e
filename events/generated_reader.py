"""Reads touchpoints from their bytes, several times as fast as by a library and a conversion.

One straight-line function is generated per published schema. It builds the touchpoint from the
bytes with nothing in between, and checks what the type asks of each value on the way. It gives
what `events.codec.decode_by_library` gives, and raises where that raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from struct import error as struct_error
from struct import unpack_from
from typing import assert_never, cast

import schemas
from events.reading_plan import (
    Day,
    Double,
    Flag,
    Instant,
    Maybe,
    Octets,
    Plan,
    Record,
    Several,
    Text,
    Whole,
    Word,
    plan_of,
)
from events.touchpoints import Touchpoint

MALFORMED = (IndexError, OverflowError, ValueError, struct_error)
"""What a reader raises; a UnicodeDecodeError is a ValueError."""

_UNIX_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reader_of(
    schema: schemas.AvroSchema, touchpoint: type[Touchpoint], start: int
) -> Callable[[bytes], Touchpoint]:
    """Return what reads a touchpoint that was written under a schema, from byte `start` on.

    What it returns raises one of MALFORMED for bytes that hold no such touchpoint.
    """
    source = _Source()
    made = source.record(plan_of(schema, touchpoint))
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
        self._variables = 0

    def record(self, plan: Record) -> str:
        """Write the reading of a record; return the expression that makes its struct."""
        made = self._name(plan.made)
        given = [f"{name}={self._value(part)}" for name, part in plan.fields]
        return f"{made}({', '.join(given)})"

    def _value(self, plan: Plan) -> str:
        """Write the reading of one value; return the name or expression that holds it."""
        match plan:
            case Maybe():
                return self._optional(plan)
            case Several():
                return self._array(plan)
            case Record():
                return self.record(plan)
            case Day():
                return f"day({self._long()} + {_UNIX_EPOCH_ORDINAL})"
            case Instant():
                return f"epoch + {self._long()} * micros"
            case Whole(least, most):
                value = self._long()
                self._refuse_if(f"not {least} <= {value} <= {most}", "outside its bounds")
                return value
            case Text() | Word() | Octets():
                return self._text(plan)
            case Flag():
                return self._flag()
            case Double():
                value = self._variable()
                self._write(f"({value},) = unpack('<d', b, i)")
                self._write("i += 8")
                return value
            case _:
                assert_never(plan)

    def _flag(self) -> str:
        value = self._variable()
        self._write(f"{value} = b[i] == 1")
        self._refuse_if("b[i] > 1", "no boolean")
        self._write("i += 1")
        return value

    def _text(self, plan: Text | Word | Octets) -> str:
        size, value = self._long(), self._variable()
        decoded = "" if isinstance(plan, Octets) else ".decode()"
        self._write(f"{value} = b[i:i + {size}]{decoded}")
        self._refuse_if(f"{size} < 0", "a length below 0")
        self._write(f"i += {size}")
        match plan:
            case Text(shortest, longest, matches):
                self._refuse_if(f"'\\0' in {value}", "a NUL in a text")  # no database can hold it
                if shortest:
                    self._refuse_if(f"len({value}) < {shortest}", "outside its bounds")
                self._refuse_if(f"len({value}) > {longest}", "outside its bounds")
                if matches is not None:
                    self._refuse_if(f"not {self._name(matches)}({value})", "outside its bounds")
            case Word(words):
                known = self._name(frozenset(words))
                self._refuse_if(f"{value} not in {known}", "outside its bounds")
        return value

    def _optional(self, plan: Maybe) -> str:
        value = self._variable()
        self._write("c = b[i]")
        self._write("i += 1")
        self._write("if c == 2:")
        with_more = self._indent
        self._indent += " "
        self._write(f"{value} = {self._value(plan.some)}")
        self._indent = with_more
        self._write("elif c == 0:")
        self._write(f" {value} = None")
        self._write("else: raise IndexError('no such branch of a union')")
        return value

    def _array(self, plan: Several) -> str:
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
        self._write(f"{values}.append({self._value(plan.item)})")
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

    def _refuse_if(self, wrong: str, why: str) -> None:
        self._write(f"if {wrong}: raise ValueError({why!r})")

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
