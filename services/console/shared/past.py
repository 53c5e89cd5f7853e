"""Pages of a past instant: which there are, and who sees them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request

from events.home import Asked
from services.console.shared.customer_at import Instants
from services.console.shared.page import PAST_PAGES, instants_of
from services.people.principal import Principal
from services.rebuild.pasts import Past


class PastUnready(Exception):
    """The past that a page asks about is not walked yet; `past` says how far it is, if at all."""

    def __init__(self, instants: Mapping[str, str], past: Past | None) -> None:
        super().__init__("the past that is asked about is not there yet")
        self.instants = instants
        self.past = past


def asks_about(request: Request, principal: Principal) -> tuple[str, str] | None:
    """Return the past that a page shows to somebody, as it is kept; None: now.

    Where a customer was at home then may be another branch than today, which alone tells who sees
    it: the company's past is for those who see all of it. Raises: NoInstant.
    """
    page = getattr(request.scope.get("route"), "path", "")
    if page not in PAST_PAGES or principal.scope.branches is not None:
        return None
    given = instants_of(request)
    return kept_as(Instants(given.get("as_of"), given.get("as_known")))


def kept_as(asked: Instants) -> tuple[str, str] | None:
    """Return the words under which a past is kept; None: now. Raises: NoInstant."""
    as_of, as_known = asked.asked("as_of"), asked.asked("as_known")
    at = as_of or as_known
    return None if at is None else (_text(at), "" if as_known is None else _text(as_known))


def _text(asked: Asked) -> str:
    """Return a day or an instant in the one way in which it is kept."""
    if isinstance(asked, datetime) and asked.tzinfo is not None:
        return asked.astimezone(UTC).isoformat()
    return asked.isoformat()
