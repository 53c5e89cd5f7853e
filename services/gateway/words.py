"""Headquarters' words over HTTP: what a branch takes along for when it cannot ask, signed."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.casework.branch_words import words_of
from services.casework.parts import CaseworkPlatform
from services.casework.rulebook import Rulebook
from services.gateway import openapi
from services.gateway.bodies import held_bodies
from services.gateway.receipts import Notary, as_text
from services.intake.keys import Keys
from services.intake.speaking import scope_of, speaking_for_a_branch
from services.web.doors import Doors
from services.web.rates import Rates


def words_router(platform: CaseworkPlatform, rates: Rates, notary: Notary) -> APIRouter:
    """Return the route /api/v1/words; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1", tags=["events"])
    keys = Keys(platform.pool, platform.clock)
    doors = Doors(rates, held_bodies())
    rulebook = Rulebook(platform.pool)

    @router.get("/words", openapi_extra=openapi.WORDS, summary="Ask for headquarters' words")
    async def show_words(request: Request) -> Response:
        """Return what is known of the customers at home in this branch, as a signed note."""
        scope = speaking_for_a_branch(await scope_of(keys, doors, request))
        key = str(scope.key_id)
        async with doors.calming():
            doors.throttle.enter(key)
        with doors.working.slot(key) as slot:
            reference = await slot.within_patience(rulebook.reference())
            words = await slot.within_patience(words_of(platform, scope.branch_id, reference))
            signer = await slot.within_patience(notary.signer())
        text = "".join(f"{line}\n" for line in (signer.origin, *words.lines()))
        return as_text(signer.note(text))

    return router
