"""Why something about accounts and log-ins is refused."""

from __future__ import annotations

from http import HTTPStatus

from events.texts import worded
from services.errors import UsageError
from services.web.problems import Problem


class AccountRefusal(UsageError):
    """What was asked for about an account is not done; `detail` and `remedy` are worded."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.detail = detail
        self.remedy = remedy


class LogInRefused(AccountRefusal):
    """A log-in failed; it is never said which part of it was wrong, nor whether it is locked."""


class LogInNeeded(Problem):
    """Nobody has logged in, or the log-in has ended."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.UNAUTHORIZED,
            "log_in",
            worded("nobody has logged in, or the log-in has ended"),
            worded(
                "log in on the page /log-in; a program sends the key of a member of staff as the "
                "header 'Authorization: Bearer KEY'"
            ),
            headers={"WWW-Authenticate": 'Bearer realm="touchstone"'},
        )


class NotOfStaff(Problem):
    """Whoever has logged in does not work here, as far as reference data say."""

    def __init__(self, staff_id: str) -> None:
        super().__init__(
            HTTPStatus.FORBIDDEN,
            "not_of_staff",
            worded(
                "reference data know nobody of the number %(staff_id)s who works here now",
                staff_id=staff_id[:60],
            ),
            worded("have reference.staff_set published for the number, or use another"),
        )
