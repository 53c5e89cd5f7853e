"""What decides figures and comes from a library's data, as one line for each zone and country.

    python -m tests.support.pinned

writes the lines anew, which is a change of the rules: what is due, when a day ends and how long
a case took may be other than it was, also long ago. Whoever does so raises the version of every
projection that reads them, so that rows are built anew, and compares digests before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zlib import crc32

import holidays

from events.calendars import zone
from events.public_days import public_days

FOLDER = Path(__file__).parents[1] / "unit" / "pinned"
YEARS = range(2015, 2031)


def zone_lines() -> Iterator[str]:
    """Yield each time zone with a checksum of when its clocks change and by how much."""
    data = files("tzdata")
    for name in sorted(data.joinpath("zones").read_text("ascii").split()):
        found = data.joinpath("zoneinfo", *name.split("/")).read_bytes()
        assert zone(name).key == name
        yield f"{name} {crc32(found):08x}"


def country_lines() -> Iterator[str]:
    """Yield each country with the last year that is announced, and a checksum of its days."""
    for code in sorted(holidays.list_supported_countries(include_aliases=False)):
        found = {year: public_days(code, year) for year in YEARS}
        announced = max((year for year, days in found.items() if days.announced), default=0)
        said = "\n".join(
            f"{year} {days.announced} {sorted(map(str, days.holidays))} "
            f"{sorted(map(str, days.makeup_workdays))}"
            for year, days in found.items()
        )
        yield f"{code} {announced} {crc32(said.encode()):08x}"


LINES = {"zones.txt": zone_lines, "public_days.txt": country_lines}
"""What writes each file."""


def kept(name: str) -> list[str]:
    """Return the lines that were written."""
    return (FOLDER / name).read_text("utf-8").splitlines()


def main() -> None:
    """Write the lines anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, lines in LINES.items():
        (FOLDER / name).write_text("".join(f"{line}\n" for line in lines()), "utf-8")


if __name__ == "__main__":
    main()
