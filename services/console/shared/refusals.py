"""What the console refuses or cannot do, as problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from services.web.problems import Problem


class BadParameter(Problem):
    """A parameter cannot be taken."""

    def __init__(self, name: str, detail: str, remedy: str = "see /api/v1/openapi.json") -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, "bad_parameter", detail, remedy, field=name)


def invalid_parameters(errors: Sequence[Any]) -> Problem:
    """Return the problem of pydantic's errors: it names the first parameter, and tells of all."""
    found = [_described(one) for one in errors]
    detail = "; ".join(f"{name}: {message}" for name, message in found)
    return BadParameter(found[0][0], detail)


def _described(error: Mapping[str, Any]) -> tuple[str, str]:
    name = str(error["loc"][-1]) if error["loc"] else "request"
    if error["type"] == "extra_forbidden":
        return name, "there is no parameter of this name"
    return name, str(error["msg"])


def unavailable(detail: str, retry_after_s: int = 2) -> Problem:
    """Return the problem of something that is away for the moment."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        detail,
        "ask again in a moment",
        headers={"Retry-After": str(retry_after_s)},
    )
