"""What commands have in common that are given from the platform's machine."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.errors import TouchstoneError, UsageError
from services.wording import nearest, quoted

if TYPE_CHECKING:
    from events.cases.commands import CaseCommand
    from events.cases.staff import Staff
    from events.policy import Reference
    from services.casework.executing import Answer, Done
    from services.casework.reading import Asked
    from services.platform import Platform

T = TypeVar("T")

ByOption = Annotated[str, typer.Option("--by", metavar="STAFF", help="Who commands.")]
FieldsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A field of the command; may be JSON."),
]
NoteOption = Annotated[str | None, typer.Option(help="For the others; it is kept sealed.")]
KeyOption = Annotated[
    str | None, typer.Option(help="The same again when it is repeated: it is done once.")
]


async def staff_and_rules(platform: Platform, by: str) -> tuple[Staff, Reference]:
    """Return who commands, and the rules in force. Raises: UsageError, Unavailable."""
    from events.cases.staff import staff_in_force
    from services.casework.rulebook import Rulebook

    reference = await Rulebook(platform.pool).reference()
    staff = staff_in_force(reference, by, platform.clock.now())
    if staff is None:
        raise UsageError(f"no member of staff has the number {quoted(by)} now")
    return staff, reference


def command_of(
    commands: Mapping[str, type[CaseCommand]], word: str, fields: Sequence[str], note: str | None
) -> Asked[CaseCommand]:
    """Return the command that a word and its fields ask for. Raises: UsageError, EventRefused."""
    from services.casework.reading import asked

    kind = commands.get(word)
    if kind is None:
        raise UsageError(f"there is no command {quoted(word)}{nearest(word, commands)}")
    body: dict[str, object] = dict(_field(one) for one in fields)
    if note is not None:
        body["personal"] = {"note": note}
    return asked(json.dumps(body).encode(), kind)


def _field(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{quoted(text)} is no NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


async def readable(work: Awaitable[T]) -> T:
    """Await what reads a command; what cannot be read is wrong usage. Raises: UsageError."""
    from services.intake.answers import EventRefused

    try:
        return await work
    except EventRefused as why:
        raise UsageError(f"{why.field.removeprefix('data.')}: {why.reason}; {why.remedy}") from why


def as_done(answer: Answer, what: str) -> Done:
    """Return what was done to something. Raises: TouchstoneError, UsageError."""
    from events.refusals import Refused, english
    from services.casework.executing import Done, Moved, OtherRequest

    match answer:
        case Done():
            return answer
        case Refused():
            told = english(UTC).tell(answer)
            raise TouchstoneError(f"refused ({answer.rule}): {told.detail} {told.remedy}")
        case Moved(seen, version, changed):
            came = ", ".join(fact.data.event_type for fact in changed)
            raise TouchstoneError(f"{what} is at version {version}, not {seen}: {came} came since")
        case OtherRequest(key):
            raise UsageError(f"the key {quoted(key)} was used for something else")
        case _:
            raise AssertionError("a command is done, refused or too late")
