"""Has the build whose Python runs this catch up all its projections once, or one, and end.

    python catch_up.py [--batch-events N] [--max-facts N] [--projection NAME]

The database is the one that TOUCHSTONE_DSN names. Prints the events taken in, as JSON. Written for
this build and for an earlier one, whose modules have other names.
"""

import argparse
import json
from dataclasses import replace
from importlib import import_module
from types import ModuleType

import uvloop


def _module(*names: str) -> ModuleType:
    """Return the first of the modules that this build has."""
    for name in names[:-1]:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    return import_module(names[-1])


async def _catch_up(batch_events: int | None, max_facts: int | None, only: str | None) -> int:
    open_platform = _module("services.hosts.bootstrap", "services.bootstrap").open_platform
    projector = _module("services.hosts.project", "services.projector.host").Projector
    settings = _module("services.settings").settings()
    words: dict[str, object] = {} if batch_events is None else {"batch_events": batch_events}
    if only is not None:
        every = _module("projections").PROJECTIONS
        words["projections"] = tuple(one for one in every if one.name == only)
    async with open_platform(settings) as opened:
        platform = opened if max_facts is None else replace(opened, max_facts=max_facts)
        return int(await projector(platform, **words).catch_up())


def main() -> None:
    """Catch up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-events", type=int)
    parser.add_argument("--max-facts", type=int)
    parser.add_argument("--projection", help="this one alone")
    options = parser.parse_args()
    events = uvloop.run(_catch_up(options.batch_events, options.max_facts, options.projection))
    print(json.dumps({"events": events}))


if __name__ == "__main__":
    main()
