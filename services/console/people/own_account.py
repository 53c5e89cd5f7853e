"""The own account: password, second factor and log-ins of whoever reads the page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from markupsafe import Markup
from starlette.responses import Response

from services.console.people.guest import Guest, logged_out, people_here
from services.console.shared.forms import posted
from services.console.shared.visit import TheVisit, page_router
from services.people.doorkeeper import Visitor
from services.people.principal import Principal
from services.people.refusals import AccountRefusal, LogInNeeded
from services.people.second_factor import address, picture

pages = page_router()

_COMPANY = "Touchstone"


class Own(Guest):
    """One request of somebody about the own account."""

    def __init__(self, guest: Guest, principal: Principal, visitor: Visitor) -> None:
        super().__init__(guest.request, guest.console, guest.people)
        self.principal = principal
        self.visitor = visitor

    @property
    def staff_id(self) -> str:
        """Return whose account it is."""
        return self.visitor.staff_id

    async def show(self, said: str = "", refused: AccountRefusal | None = None) -> Response:
        """Return the page of the account, with what was done or refused."""
        people = self.people
        reference = await people.staffing.reference()
        context = {
            "account": await people.accounts.one(self.staff_id),
            "sessions": await people.sessions.of(self.staff_id),
            "this": self.visitor.session.session_id,
            "acts": await people.journal.latest(20, self.staff_id),
            "roles": sorted(self.principal.roles),
            "tz": reference.zone_of(self.principal.branch_id),
            "said": said,
        }
        return self.page("people/own_account.html", context, page_path="/me", refused=refused)


async def _own(visit: TheVisit) -> Own:
    visitor = getattr(visit.request.state, "visitor", None)
    people = people_here(visit.console)
    if not isinstance(visitor, Visitor):  # a key speaks for somebody, and has no log-in
        raise LogInNeeded
    return Own(Guest(visit.request, visit.console, people), visit.principal, visitor)


TheOwner = Annotated[Own, Depends(_own)]


@pages.get("/me")
async def show_own_account(own: TheOwner) -> Response:
    """Show who one is, and how one logs in."""
    return await own.show()


@pages.post("/me/password")
async def change_password(own: TheOwner) -> Response:
    """Change the password; other log-ins end."""
    form = await posted(own.request)
    try:
        await own.people.proving.change_password(
            own.staff_id,
            form.get("old", ""),
            form.get("password", ""),
            own.visitor.session.session_id,
        )
    except AccountRefusal as refused:
        return await own.show(refused=refused)
    return await own.show("password_changed")


@pages.post("/me/second-factor")
async def set_up_second_factor(own: TheOwner) -> Response:
    """Make a secret and show it as a picture for the app."""
    try:
        await own.people.proving.set_up_second_factor(own.staff_id)
    except AccountRefusal as refused:
        return await own.show(refused=refused)
    return await _picture_page(own)


@pages.post("/me/second-factor/confirm")
async def confirm_second_factor(own: TheOwner) -> Response:
    """Ask for the second factor from now on, and show the recovery codes this once."""
    form = await posted(own.request)
    try:
        codes = await own.people.proving.confirm_second_factor(own.staff_id, form.get("code", ""))
    except AccountRefusal as refused:
        return await _picture_page(own, refused)
    return own.page("people/recovery_codes.html", {"codes": codes}, page_path="/me")


@pages.post("/me/second-factor/remove")
async def remove_second_factor(own: TheOwner) -> Response:
    """Ask for no second factor any more."""
    form = await posted(own.request)
    try:
        await own.people.proving.remove_second_factor(own.staff_id, form.get("old", ""))
    except AccountRefusal as refused:
        return await own.show(refused=refused)
    return await own.show("second_factor_removed")


@pages.post("/me/sessions/end")
async def end_session(own: TheOwner) -> Response:
    """End one of the own log-ins."""
    form = await posted(own.request)
    try:
        await own.people.sessions.end(form.get("session", ""), own.staff_id, own.staff_id)
    except AccountRefusal as refused:
        return await own.show(refused=refused)
    return await own.show("session_ended")


@pages.post("/me/log-out-everywhere")
async def log_out_everywhere(own: TheOwner) -> Response:
    """End every own log-in, this one too."""
    await own.people.sessions.end_all(own.staff_id, own.staff_id)
    return logged_out(own.request)


async def _picture_page(own: Own, refused: AccountRefusal | None = None) -> Response:
    secret = await own.people.proving.secret_being_set_up(own.staff_id)
    if secret is None:
        return await own.show(refused=refused)
    drawn = picture(address(secret, own.staff_id, _COMPANY))
    context = {
        "picture": Markup(drawn),  # noqa: S704 - drawn by segno, of dark and light squares alone
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    }
    return own.page("people/second_factor.html", context, page_path="/me", refused=refused)
