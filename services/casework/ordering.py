"""A command as somebody orders it: on what, by whom, under which key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from events.cases.commands import Escalate, Open
from events.cases.staff import BY_ITSELF, Staff
from events.cases.terms import escalation_id
from events.customers.merging import IdentityCommand
from services.casework.executing import Order, Stream

C = TypeVar("C", bound=Struct, covariant=True)


class CommandOn(Struct, Generic[C], frozen=True, kw_only=True):
    """A command on the case, alert or customer of an id: who asks, under which key, and what."""

    on: str
    command: C
    by: Staff
    key: str
    seen: int | None = None
    personal: Mapping[str, str] | None = None
    only_tried: bool = False  # decide, and write nothing
    opens: Stream | None = None  # whom a case is about, where the command opens it
    is_referred: bool = False  # it opens a case that another of ours asked for
    created_at: datetime | None = None  # what the platform does by itself dates itself

    def order(self) -> Order:
        """Return the command as streams execute it."""
        return Order(
            by=self.by.agent,
            key=self.key,
            word=type(self.command).__name__,
            content=msgspec.json.encode(self._content(), order="sorted"),
            seen=self.seen,
            personal=self.personal,
            first_id=self._first_id(),
            created_at=self.created_at,
            only_tried=self.only_tried,
        )

    def _first_id(self) -> str | None:
        """Return the id of an escalation that nobody ordered: that of its step.

        Whoever orders one gives a key, which stands for one request as with any other command.
        """
        command = self.command
        if not isinstance(command, Escalate) or self.by != BY_ITSELF:
            return None
        owed = command.obligation_id or ""
        return escalation_id(self.on, command.cycle, command.clock, command.percent, owed)

    def _content(self) -> object:
        """Return what is asked for, and of what; the same in every release, as keys are kept.

        What opens a case is its complaint: what is known of the customer then may differ.
        """
        command = self.command
        if isinstance(command, Open):
            return [self.on, command.opened_by]
        content = [self.on, type(command).__name__, msgspec.to_builtins(command)]
        return content if isinstance(command, IdentityCommand) else [*content, self.personal or {}]
