"""Local days of a zone, from pinned time-zone data.

Zones are read from the `tzdata` package and never from the machine, so that the same facts
give the same days everywhere and for ever.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from events.errors import EventError

DEFAULT_ZONE = "Asia/Shanghai"
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
"""The least step between two instants."""


class UnknownZone(EventError):
    """The name is no time zone of the pinned IANA data."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no IANA time zone, such as Asia/Shanghai")
        self.name = name


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone of that IANA name. Raises: UnknownZone."""
    if name not in _zone_names():
        raise UnknownZone(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def local_day(at: datetime, tz: ZoneInfo) -> date:
    """Return the calendar day of an instant in a zone."""
    return at.astimezone(tz).date()


@lru_cache(maxsize=65_536)
def day_start(day: date, tz: ZoneInfo) -> datetime:
    """Return the UTC instant at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def day_end(day: date, tz: ZoneInfo) -> datetime:
    """Return the last instant of a local day: "as of `day`" means as of this."""
    return day_start(day + DAY, tz) - INSTANT
