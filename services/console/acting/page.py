"""A form as a page: its fields, what stands in the way, and what trying it would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from msgspec import Struct
from starlette.responses import Response

from events.refusals import Refused
from services.casework.api import WORDS
from services.casework.comparing import Changes
from services.casework.documents import CreditDocument
from services.casework.executing import Tried
from services.casework.problems import Change
from services.console.acting.difference import difference
from services.console.acting.person import Actor
from services.console.acting.sent import Sent
from services.console.acting.subjects import Subject
from services.console.acting.widgets import SCORES, command_fields
from services.console.shared.persons import persons
from services.console.shared.reading import branch_names, department_names

_MENU = {"cases": "/cases", "customers": "", "alerts": "/alerts"}


class Told(NamedTuple):
    """What a form's page says besides its fields."""

    refused: Refused | None = None
    moved: Sequence[Change] = ()
    reused: bool = False
    errors: Mapping[str, str] = {}
    tried: Tried | None = None
    changes: Changes | None = None
    undo: str = ""
    credit: CreditDocument | None = None
    done_back: str | None = None

    @property
    def status(self) -> HTTPStatus:
        """Return the status of the answer to a form that was sent."""
        if self.moved:
            return HTTPStatus.PRECONDITION_FAILED
        if self.refused is not None:
            return HTTPStatus.CONFLICT
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.errors or self.reused else HTTPStatus.OK


async def form_page(
    who: Actor, subject: Subject, kind: type[Struct], asked: Sent, told: Told
) -> Response:
    """Return the page of a command's form; what was typed stays."""
    visit = who.visit
    status = told.status if visit.request.method == "POST" else HTTPStatus.OK
    context = {
        "word": WORDS[kind],
        "subject": subject,
        "fields": command_fields(kind, subject.choices, subject.currency),
        "asked": asked,
        "told": told,
        "refusal": None if told.refused is None else who.teller.tell(told.refused),
        "differences": difference(told.changes, who) if told.changes is not None else (),
        "scores": SCORES,
        "persons": await persons(visit, [subject.customer] if subject.customer else []),
        "zone": who.zone,
        "branch_names": branch_names(who.reference, visit.language),
        "department_names": department_names(who.reference, visit.language),
    }
    return visit.page("acting/form.html", _MENU[subject.of], context, status=status)
