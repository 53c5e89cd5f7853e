"""What roles, ways to log in and acts of the journal are called in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named
from services.people.journal import COMMAND_LINE, PLATFORM

ROLES: Mapping[str, str] = {
    "administrator": N_("Administrator"),
    "auditor": N_("Auditor"),
    "headquarters": N_("Headquarters"),
    "department_head": N_("Head of department"),
    "credit": N_("Credit control"),
    "receivables": N_("Receivables clerk"),
    "order_entry": N_("Order entry"),
    "call_centre": N_("Call centre"),
    "branch_manager": N_("Branch manager"),
    "clerk": N_("Clerk"),
}

WAYS: Mapping[str, str] = {
    "password": N_("password"),
    "company": N_("the company's log-in"),
    "demonstration": N_("demonstration"),
}

ACTS: Mapping[str, str] = {
    "account_made": N_("made the account"),
    "link_made": N_("made a one-time link"),
    "password_set": N_("chose a password by link"),
    "password_changed": N_("changed the password"),
    "logged_in": N_("logged in"),
    "log_in_failed": N_("failed to log in"),
    "logged_out": N_("logged out"),
    "logged_out_everywhere": N_("ended every log-in"),
    "session_ended": N_("ended a log-in"),
    "locked": N_("locked the account"),
    "unlocked": N_("unlocked the account"),
    "second_factor_set": N_("set up the second factor"),
    "second_factor_removed": N_("removed the second factor"),
    "recovery_code_used": N_("used a recovery code"),
    "administrator_made": N_("let the account administer"),
    "administrator_ended": N_("let the account administer no longer"),
    "became": N_("took the place of"),
    "key_made": N_("made a key"),
    "key_revoked": N_("revoked a key"),
    "feed_added": N_("added a feed"),
    "feed_removed": N_("removed a feed"),
    "feed_secret_added": N_("added a secret of a feed"),
    "feed_secret_ended": N_("ended a secret of a feed"),
}

_DOERS: Mapping[str, str] = {PLATFORM: N_("the platform"), COMMAND_LINE: N_("the command line")}


class PeopleWords(Named):
    """Words about the people who use the platform."""

    def role(self, role: str) -> str:
        """Return what a role is called."""
        return self._named(ROLES, role)

    def way(self, way: str) -> str:
        """Return what a way to log in is called."""
        return self._named(WAYS, way)

    def act(self, act: str) -> str:
        """Return what somebody did."""
        return self._named(ACTS, act)

    def doer(self, by: str) -> str | None:
        """Return what did something that is nobody; None: it was a member of staff."""
        return self._named(_DOERS, by) if by in _DOERS else None
