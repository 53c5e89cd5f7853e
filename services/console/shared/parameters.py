"""Query parameters, as JSON and pages take them; what is not named here is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeVar, cast, get_origin

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from services.console.shared.customer_at import Instants
from services.console.shared.refusals import invalid_parameters

P = TypeVar("P", bound=BaseModel)

# What PostgreSQL cannot hold (NUL) and no identifier has (control characters) stops here.
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Cursor = Annotated[str, StringConstraints(max_length=600)]
Token = Annotated[str, StringConstraints(max_length=300)]

MAX_LIMIT = 200
MOST_CHOSEN = 100


def Several(description: str | None = None) -> FieldInfo:
    """Return what says of a parameter that it may be given several times: either is meant."""
    return cast(
        FieldInfo, Field(default_factory=list, max_length=MOST_CHOSEN, description=description)
    )


class Parameters(BaseModel):
    """What every question takes; what is not named here is refused."""

    model_config = ConfigDict(extra="forbid")

    lang: Annotated[str | None, Field(description="Language of texts: en or zh-CN.")] = None
    at_least: Annotated[
        Token | None,
        Field(description="Wait, for a few seconds, until this position is reflected."),
    ] = None


def parameters_of(kind: type[P], pairs: Iterable[tuple[str, str]]) -> P:
    """Return a page's parameters; what a form left empty was not asked for.

    Of what can be chosen once, the last counts. Raises: BadParameter.
    """
    given: dict[str, str | list[str]] = {}
    for name, value in pairs:
        if not value:
            continue
        field = kind.model_fields.get(name)
        several = given.get(name)
        if field is None or get_origin(field.annotation) is not list:
            given[name] = value
        elif isinstance(several, list):
            several.append(value)
        else:
            given[name] = [value]
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise invalid_parameters(error.errors()) from error


class OfBranch(Parameters):
    """Whose figures: of the whole company, or of one branch."""

    branch: Identifier | None = None


class Paged(Parameters):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50
    cursor: Annotated[Cursor | None, Field(description="`next` of the page before.")] = None


class InstantParameters(Parameters):
    """As of, and as known: a day (its end), or an instant."""

    as_of: Annotated[
        str | None,
        Field(
            max_length=40,
            description="What was true then: 2026-03-20 (the end of that local day), or an "
            "instant such as 2026-03-20T10:00:00+08:00; without an offset the branch's zone.",
        ),
    ] = None
    as_known: Annotated[
        str | None, Field(max_length=40, description="Only what had been recorded by then.")
    ] = None

    @property
    def instants(self) -> Instants:
        """Return the instants that are asked about."""
        return Instants(self.as_of, self.as_known)
