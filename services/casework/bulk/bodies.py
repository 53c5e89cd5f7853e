"""What the body of a bulk says: one command, and on what it is to be tried or done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec import field as filled

from events.cases.commands import CaseCommand
from services.casework.api import ON_A_VERSION
from services.casework.bulk.asking import MOST_ITEMS, Item
from services.casework.filters import CaseFilter, ItemFilter
from services.casework.problems import said
from services.casework.reading import Asked, command_in, object_in
from services.intake.answers import EventRefused
from services.intake.characters import flaw_on_a_page
from services.intake.explaining import explained
from services.intake.soundness import check_words

MAX_BYTES = 2 * 1024 * 1024
MAX_VALUES = 5 * MOST_ITEMS

Items = Annotated[tuple[Item, ...], Meta(max_length=MOST_ITEMS)]


class OnCases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command on cases: those that a filter finds, or those that are named."""

    where: CaseFilter | None = None
    items: Items | None = None
    command: Mapping[str, object] = filled(default_factory=dict)


class OnAccounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command on accounts: of those who have an item that a filter finds, or who are named."""

    where: ItemFilter | None = None
    items: Items | None = None
    command: Mapping[str, object] = filled(default_factory=dict)


On = OnCases | OnAccounts


class Sent(Struct, frozen=True, kw_only=True):
    """A bulk as it was sent, with its command read."""

    on: On
    asked: Asked[Struct]


def sent(body: bytes, kind: type[Struct], *, only_tried: bool, language: str) -> Sent:
    """Return the bulk in a body. Raises: Problem, EventRefused."""
    parsed = object_in(body)
    form: type[On] = OnCases if issubclass(kind, CaseCommand) else OnAccounts
    try:
        on = msgspec.convert(parsed, form, strict=True)
    except msgspec.ValidationError as error:
        raise explained(error, parsed, form) from error
    _check(on, kind, only_tried=only_tried, language=language)
    try:
        return Sent(on=on, asked=command_in(on.command, kind))
    except EventRefused as why:
        field = f"command.{why.field.removeprefix('data.')}"
        raise EventRefused(why.code, field, why.reason, why.remedy) from why


def _check(on: On, kind: type[Struct], *, only_tried: bool, language: str) -> None:
    """Let pass what may be tried or done. Raises: Problem, EventRefused."""
    if (on.where is None) == (on.items is None):
        raise EventRefused(
            "malformed",
            "items",
            "and where: one of the two says on what",
            "send where, a filter, or items",
        )
    if on.where is not None:
        check_words(on.where, "where")
    if on.items is None:
        if not only_tried:
            raise said("bulk_not_tried", language, field="where")
        return
    seen = set()
    for n, item in enumerate(on.items):
        if wrong := flaw_on_a_page(item.id):
            raise EventRefused("malformed", f"items[{n}].id", wrong, "give the id as it was told")
        if item.id in seen:
            raise EventRefused("malformed", f"items[{n}].id", "comes twice", "name it once")
        seen.add(item.id)
        if item.version is None and kind in ON_A_VERSION and not only_tried:
            raise EventRefused(
                "missing",
                f"items[{n}].version",
                "is missing: this command is decided on the case as you saw it",
                "send the version that trying it told",
            )
