"""What other systems send: a document as it arrived, and the feed that it came by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.envelope import BranchId
from services.errors import TouchstoneError, UsageError

Setting = str | int | bool | list[str] | dict[str, str]
S = TypeVar("S", bound=Struct)


class Document(Struct, frozen=True, kw_only=True):
    """What arrived, byte by byte; it is never changed."""

    feed: str
    name: str  # of the file or message, for reports alone: no identity is made of it
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})
    received_at: datetime


class Feed(Struct, frozen=True, kw_only=True):
    """One configured source, with all that changes what becomes of its documents.

    Its name and its branch are part of every event's id: they never change.
    """

    name: str
    format: str
    branch: BranchId
    zone: str
    currency: str | None = None
    settings: Mapping[str, Setting] = MappingProxyType({})  # as the format's own type reads them

    @property
    def source(self) -> str:
        """Return the source of the events that it brings."""
        return f"/branches/{self.branch}/connect-{self.name}"

    @property
    def tz(self) -> ZoneInfo:
        """Return the zone of times that name none."""
        return ZoneInfo(self.zone)

    def settings_as(self, kind: type[S]) -> S:
        """Return its settings as its format reads them. Raises: UsageError."""
        try:
            return msgspec.convert(dict(self.settings), kind)
        except msgspec.ValidationError as error:
            raise UsageError(f"feed {self.name}: {error}") from error


class DocumentRefused(TouchstoneError):
    """A document cannot be used as a whole: nothing of it was published."""

    exit_code = 2
