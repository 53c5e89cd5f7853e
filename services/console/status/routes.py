"""The state of the platform as a page: what `touchstone status` says."""

from __future__ import annotations

from starlette.responses import Response

from services.audit.status import Status, status
from services.connectors.calls.lines import lines_of
from services.console.shared.freshness import CAP
from services.console.shared.kept import Kept
from services.console.shared.release import release
from services.console.shared.visit import TheVisit, page_router
from services.people.principal import Right

pages = page_router()


@pages.get("/status")
async def show_status(visit: TheVisit) -> Response:
    """Show positions, lag, parked customers, what is being filled, processes and versions."""
    visit.need(Right.ADMINISTER)
    platform = visit.console.platform
    reference = await visit.console.everything.reference()

    async def ask() -> Kept[Status]:
        at = platform.clock.now()
        found = await status(platform, at)
        return Kept(found, at, found.position)

    fresh = "at_least" in visit.request.query_params
    kept = await visit.console.kept.of("status", ask, ask, _customers, fresh=fresh)
    found = kept.answer
    visit.reflects(found.position)
    context = {
        "found": found,
        "lines": await lines_of(platform.pool, platform.clock.now()),
        "at": kept.at,
        "zone": reference.zone_of(None),
        "filling": await visit.console.everything.filling(),
        "release": release(),
        "customer_cap": CAP,
    }
    return visit.page("status/status.html", "/status", context)


def _customers(found: Status) -> int:
    return max((one.customers for one in found.projections), default=0)
