"""Problem documents (RFC 9457): every refusal over HTTP names what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
_TYPES = "urn:touchstone:problem:"


class Problem(Exception):
    """A request that is refused or failed, as the problem document that says so."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        parameter: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.parameter = parameter
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that go with it."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


def problem_response(problem: Problem, extensions: Mapping[str, object] | None = None) -> Response:
    """Return the problem document; `extensions` are members of its own."""
    document: dict[str, object] = {
        "type": _TYPES + problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.parameter is not None:
        document["parameter"] = problem.parameter
    return Response(
        msgspec.json.encode(document | dict(extensions or {})),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def bad_parameter(parameter: str, detail: str) -> Problem:
    """Return the problem of a parameter that cannot be taken."""
    return Problem(400, "bad-parameter", "Bad parameter", detail, parameter=parameter)


def unavailable(detail: str) -> Problem:
    """Return the problem of a database that is away for the moment."""
    return Problem(503, "unavailable", "Service unavailable", detail, retry_after_s=2)


def invalid_request(error: RequestValidationError) -> Problem:
    """Return the problem of parameters that do not validate, naming them."""
    return invalid_values(error.errors())


def invalid_values(errors: Sequence[Any]) -> Problem:
    """Return the problem of pydantic's errors, naming the first parameter and all others."""
    found = [_described(one) for one in errors]
    parameter = found[0][0] if found else "request"
    detail = "; ".join(f"{name}: {message}" for name, message in found)
    return Problem(400, "bad-parameter", "Bad parameter", detail, parameter=parameter)


def _described(error: Mapping[str, object]) -> tuple[str, str]:
    where = error.get("loc")
    names = [str(part) for part in where] if isinstance(where, Sequence) else []
    message = str(error.get("msg", "is not valid"))
    if error.get("type") == "extra_forbidden":
        message = "there is no parameter of this name"
    return (names[-1] if names else "request", message)
