"""What the console refuses or cannot do, as problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from events.texts import N_, worded
from services.web.problems import Problem

_REMEDY = worded("see /api/v1/openapi.json")

_FAULTS: Mapping[str, str] = {
    "bool_parsing": N_("it is neither true nor false"),
    "enum": N_("it is none of: %(expected)s"),
    "extra_forbidden": N_("there is no parameter of this name"),
    "greater_than_equal": N_("it is less than %(ge)s"),
    "int_from_float": N_("it is no whole number"),
    "int_parsing": N_("it is no whole number"),
    "int_parsing_size": N_("it is no whole number that anybody counts to"),
    "less_than_equal": N_("it is more than %(le)s"),
    "literal_error": N_("it is none of: %(expected)s"),
    "missing": N_("it is missing"),
    "string_pattern_mismatch": N_("it is not of the form that is asked for"),
    "string_too_long": N_("it has more characters than %(max_length)s"),
    "string_too_short": N_("it has fewer characters than %(min_length)s"),
}
"""What pydantic finds wrong with a parameter, by its name for it."""

_ODD = N_("it cannot be taken")


class BadParameter(Problem):
    """A parameter cannot be taken."""

    def __init__(self, name: str, detail: str, remedy: str = _REMEDY) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, "bad_parameter", detail, remedy, field=name)


def invalid_parameters(errors: Sequence[Any]) -> Problem:
    """Return the problem of pydantic's errors: it names the first parameter, and tells of all."""
    found = [_described(one) for one in errors]
    detail = found[0]
    for one in found[1:]:
        detail = worded("%(first)s; %(then)s", first=detail, then=one)
    return BadParameter(_name(errors[0]), detail)


def _described(error: Mapping[str, Any]) -> str:
    named = {name: _listed(value) for name, value in error.get("ctx", {}).items()}
    fault = worded(_FAULTS.get(error["type"], _ODD), **named)
    return worded("%(name)s: %(fault)s", name=_name(error), fault=fault)


def _listed(value: object) -> object:
    """Return what pydantic lists in English, 'a', 'b' or 'c', without its English."""
    return value.replace(" or ", ", ") if isinstance(value, str) else value


def _name(error: Mapping[str, Any]) -> str:
    """Return the parameter's name; of one that is given several times not which of them it is."""
    named = [part for part in error["loc"] if isinstance(part, str)]
    return named[-1] if named else "request"


def unavailable(detail: str, retry_after_s: int = 2) -> Problem:
    """Return the problem of something that is away for the moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        detail,
        worded("ask again in a moment"),
        headers={"Retry-After": str(retry_after_s)},
    )
