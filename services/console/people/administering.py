"""Users and keys: what administrators do with accounts, log-ins and the keys of programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import Depends
from msgspec import Struct
from starlette.responses import Response

from events.texts import worded
from services.console.people.guest import Guest, people_here
from services.console.shared.forms import posted
from services.console.shared.reading import branch_names
from services.console.shared.visit import TheVisit, page_router
from services.errors import UsageError
from services.people.key_keeping import make_key, revoke_key
from services.people.principal import Principal, Right
from services.people.refusals import AccountRefusal

pages = page_router()

USERS, KEYS = "/users", "/keys"
_ACTS = 50


class Secret(Struct, frozen=True):
    """What is shown this once: a link or a key, and whose it is."""

    whose: str
    link: str | None = None
    key: str | None = None


class Administration(Guest):
    """One request of an administrator."""

    def __init__(self, guest: Guest, principal: Principal) -> None:
        super().__init__(guest.request, guest.console, guest.people)
        self.by = principal.staff_id
        self.principal = principal

    async def users(
        self, secret: Secret | None = None, said: str = "", refused: AccountRefusal | None = None
    ) -> Response:
        """Return the page of users."""
        people = self.people
        reference = await people.staffing.reference()
        accounts = await people.accounts.all()
        roles = {}
        for one in accounts:
            who = await people.staffing.principal(one.staff_id, administrator=one.administrator)
            roles[one.staff_id] = None if who is None else sorted(who.roles)
        known = {one.staff_id for one in accounts}
        context = {
            "accounts": accounts,
            "roles": roles,
            "sessions": await people.sessions.of(),
            "acts": await people.journal.latest(_ACTS),
            "without": sorted(reference.staff.keys() - known),
            "tz": reference.zone_of(None),
            "company": people.provider is not None,
            "secret": secret,
            "said": said,
            "tab": USERS,
        }
        return self.page("people/users.html", context, page_path=USERS, refused=refused)

    async def keys(
        self, secret: Secret | None = None, said: str = "", refused: AccountRefusal | None = None
    ) -> Response:
        """Return the page of keys."""
        people = self.people
        reference = await people.staffing.reference()
        found = [*await people.keys.all(), *await people.keys.all_of_staff()]
        context = {
            "keys": sorted(
                found, key=lambda one: (one.revoked_at is not None, one.branch_id or "~")
            ),
            "branches": branch_names(reference, self.language),
            "numbers": sorted(reference.staff),
            "tz": reference.zone_of(None),
            "secret": secret,
            "said": said,
            "tab": KEYS,
        }
        return self.page("people/keys.html", context, page_path=USERS, refused=refused)

    def link(self, token: str) -> str:
        """Return the address of a one-time link, by the name that this page has."""
        return str(self.request.base_url.replace(path=f"/link/{token}"))


async def _administration(visit: TheVisit) -> Administration:
    visit.need(Right.ADMINISTER)
    guest = Guest(visit.request, visit.console, people_here(visit.console))
    return Administration(guest, visit.principal)


TheAdministrator = Annotated[Administration, Depends(_administration)]
Form = Mapping[str, str]


@pages.get(USERS)
async def show_users(administration: TheAdministrator) -> Response:
    """Show accounts, log-ins, and what was done."""
    return await administration.users()


@pages.post(f"{USERS}/make")
async def make_user(administration: TheAdministrator) -> Response:
    """Make an account, and show its one-time link."""
    form = await posted(administration.request)
    staff_id, people = form.get("staff", "").strip(), administration.people
    try:
        administers = form.get("administrator") == "yes"
        await people.accounts.make(staff_id, administration.by, administrator=administers)
        if people.provider is not None:
            return await administration.users(said="made")
        token = await people.accounts.link(staff_id, administration.by)
    except AccountRefusal as refused:
        return await administration.users(refused=refused)
    return await administration.users(Secret(staff_id, link=administration.link(token)))


@pages.post(f"{USERS}/link")
async def make_link(administration: TheAdministrator) -> Response:
    """Make a one-time link, and show it."""
    form = await posted(administration.request)
    staff_id = form.get("staff", "")
    try:
        token = await administration.people.accounts.link(staff_id, administration.by)
    except AccountRefusal as refused:
        return await administration.users(refused=refused)
    return await administration.users(Secret(staff_id, link=administration.link(token)))


def _on_an_account(
    path: str, said: str, act: Callable[[Administration, str], Awaitable[object]]
) -> None:
    """Add a route that does something with an account."""

    @pages.post(f"{USERS}/{path}", name=path)
    async def handle(administration: TheAdministrator) -> Response:
        form = await posted(administration.request)
        try:
            await act(administration, form.get("staff", ""))
        except AccountRefusal as refused:
            return await administration.users(refused=refused)
        return await administration.users(said=said)


def _not_oneself(administration: Administration, staff_id: str) -> None:
    """Keep an administrator from shutting himself or herself out. Raises: AccountRefusal."""
    if staff_id == administration.by:
        raise AccountRefusal(
            worded("this is your own account"),
            worded("have another administrator do it, so that one is left"),
        )


async def _lock(administration: Administration, staff_id: str) -> None:
    _not_oneself(administration, staff_id)
    await administration.people.accounts.lock(staff_id, administration.by)


async def _end_administering(administration: Administration, staff_id: str) -> None:
    _not_oneself(administration, staff_id)
    accounts = administration.people.accounts
    await accounts.set_administrator(staff_id, administration.by, administers=False)


_on_an_account("lock", "locked", _lock)
_on_an_account("unlock", "unlocked", lambda one, staff: one.people.accounts.unlock(staff, one.by))
_on_an_account(
    "reset-second-factor",
    "second_factor_removed",
    lambda one, staff: one.people.accounts.forget_second_factor(staff, one.by),
)
_on_an_account(
    "log-out", "logged_out", lambda one, staff: one.people.sessions.end_all(staff, one.by)
)
_on_an_account(
    "administrator",
    "administrator_made",
    lambda one, staff: one.people.accounts.set_administrator(staff, one.by, administers=True),
)
_on_an_account("no-administrator", "administrator_ended", _end_administering)


@pages.post(f"{USERS}/end-session")
async def end_session(administration: TheAdministrator) -> Response:
    """End one log-in."""
    form = await posted(administration.request)
    try:
        await administration.people.sessions.end(form.get("session", ""), administration.by)
    except AccountRefusal as refused:
        return await administration.users(refused=refused)
    return await administration.users(said="session_ended")


@pages.get(KEYS)
async def show_keys(administration: TheAdministrator) -> Response:
    """Show the keys of branches and of staff."""
    return await administration.keys()


@pages.post(f"{KEYS}/make")
async def make_key_of(administration: TheAdministrator) -> Response:
    """Make a key, and show it this once."""
    form = await posted(administration.request)
    branch_id, staff_id = form.get("branch", "").strip(), form.get("staff", "").strip()
    whose = branch_id or staff_id
    try:
        key = await make_key(
            administration.people,
            administration.by,
            branch_id=branch_id,
            staff_id=staff_id,
            label=form.get("label", "").strip()[:80],
            headquarters=form.get("headquarters") == "yes",
        )
    except UsageError as error:
        return await administration.keys(refused=_refusal(error))
    return await administration.keys(Secret(whose, key=key))


@pages.post(f"{KEYS}/revoke")
async def revoke_key_of(administration: TheAdministrator) -> Response:
    """Put a key out of force."""
    form = await posted(administration.request)
    try:
        await revoke_key(administration.people, administration.by, form.get("key", ""))
    except UsageError as error:
        return await administration.keys(refused=_refusal(error))
    return await administration.keys(said="revoked")


def _refusal(error: UsageError) -> AccountRefusal:
    """Return what is wrong with a key that was asked for, in words of this page."""
    if isinstance(error, AccountRefusal):
        return error
    return AccountRefusal(
        worded("there is no such branch, member of staff or key"),
        worded("choose from the list; a number has 1 to 60 characters without spaces and slashes"),
    )
