"""Query parameters of the search."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.console.shared.parameters import Parameters
from services.search.terms import LONGEST

Typed = Annotated[
    str,
    StringConstraints(max_length=LONGEST, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$"),
]


class SearchParameters(Parameters):
    """What was typed."""

    q: Annotated[
        Typed,
        Field(
            description="A name (Chinese by characters that follow each other or by sounds, "
            "Latin by the beginnings of words), a telephone number or its last digits, an id, "
            "the number of an invoice, order, payment or case. What stands between spaces must "
            "all be meant."
        ),
    ] = ""


class LimitedSearch(SearchParameters):
    """What was typed, and how much of what is found is wanted."""

    limit: Annotated[int, Field(ge=1, le=50)] = 20
