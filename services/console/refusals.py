"""What the console refuses or cannot do, as problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from services.web.problems import Problem


def bad_parameter(name: str, detail: str, remedy: str = "see /api/v1/openapi.json") -> Problem:
    """Return the problem of a parameter that cannot be taken."""
    return Problem(HTTPStatus.BAD_REQUEST, "bad_parameter", detail, remedy, field=name)


def bad_cursor() -> Problem:
    """Return the problem of a cursor that was not issued for this query."""
    return bad_parameter(
        "cursor",
        "the cursor belongs to another query, or was cut short",
        "start again without it",
    )


def invalid_parameters(errors: Sequence[Any]) -> Problem:
    """Return the problem of pydantic's errors: it names the first parameter, and tells of all."""
    found = [_described(one) for one in errors]
    detail = "; ".join(f"{name}: {message}" for name, message in found)
    return bad_parameter(found[0][0], detail)


def _described(error: Mapping[str, Any]) -> tuple[str, str]:
    name = str(error["loc"][-1]) if error["loc"] else "request"
    if error["type"] == "extra_forbidden":
        return name, "there is no parameter of this name"
    return name, str(error["msg"])


def unknown_case(case: str) -> Problem:
    """Return the problem of a case that nothing ever opened."""
    return Problem(
        HTTPStatus.NOT_FOUND,
        "unknown_case",
        f"no event ever opened a case {case!r}",
        "check the id; it is case sensitive",
    )


def unavailable(detail: str, retry_after_s: int = 2) -> Problem:
    """Return the problem of something that is away for the moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        detail,
        "ask again in a moment",
        headers={"Retry-After": str(retry_after_s)},
    )
