"""Logging in and out: by password or link, at the company's provider, as a demonstration."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from services.console.people.guest import Guest, TheGuest, home_of, logged_out, to
from services.console.shared.forms import local, posted
from services.console.shared.visit import page_router
from services.people.cookies import (
    keep_known,
    keep_log_in_state,
    keep_session,
    known_browser,
    log_in_state,
    session_token,
)
from services.people.demonstration import ANYBODY
from services.people.provider import LASTS
from services.people.proving import spent_link
from services.people.refusals import AccountRefusal, LogInNeeded, LogInRefused, NotOfStaff
from services.people.sessions import COMPANY, DEMONSTRATION, PASSWORD
from services.people.throttle import network_of

pages = page_router()


@pages.get("/log-in")
async def show_log_in(guest: TheGuest) -> Response:
    """Ask who it is."""
    return _log_in_page(guest, local(guest.request.query_params.get("onward", "/"), "/"))


@pages.post("/log-in")
async def log_in(guest: TheGuest) -> Response:
    """Let the owner of an account in."""
    form = await posted(guest.request)
    onward = local(form.get("onward", "/"), "/")
    staff_id = form.get("staff", "").strip()[:60]
    if guest.people.provider is not None:
        return to(f"/log-in?{urlencode({'onward': onward})}")
    throttle = guest.people.throttle
    kept = known_browser(guest.request)
    tries, whose = await throttle.tries_of(staff_id, kept, guest.address)
    try:
        with tries.judging(whose):
            password, code = form.get("password", ""), form.get("code", "")
            await guest.people.proving.log_in(staff_id, password, code)
        response = await _let_in(guest, staff_id, PASSWORD, onward)
    except AccountRefusal as refused:
        return _log_in_page(guest, onward, staff_id, refused)
    keep_known(guest.request, response, await throttle.known(staff_id))
    return response


@pages.post("/log-out")
async def log_out(guest: TheGuest) -> Response:
    """End this browser's session."""
    await _end_session(guest)
    return logged_out(guest.request)


@pages.get("/link/{token}")
async def show_link(guest: TheGuest, token: str) -> Response:
    """Let the holder of a one-time link choose a password; looking uses nothing up."""
    try:
        owner = await _owner_of(guest, token)
    except AccountRefusal as refused:
        return guest.page("people/link.html", {"owner": None}, refused=refused)
    return guest.page("people/link.html", {"owner": owner})


@pages.post("/link/{token}")
async def use_link(guest: TheGuest, token: str) -> Response:
    """Set the password that was chosen; then its owner logs in with it."""
    form = await posted(guest.request)
    owner = None
    try:
        owner = await _owner_of(guest, token)
        await guest.people.proving.set_password(token, form.get("password", ""))
    except AccountRefusal as refused:
        return guest.page("people/link.html", {"owner": owner}, refused=refused)
    return _log_in_page(guest, "/", owner, chosen=True)


@pages.get("/log-in/company")
async def go_to_the_company(guest: TheGuest) -> Response:
    """Send somebody to the company's provider."""
    provider = guest.people.provider
    if provider is None:
        return to("/log-in")
    onward = local(guest.request.query_params.get("onward", "/"), "/")
    try:
        guest.people.throttle.begun.count(network_of(guest.address))
    except AccountRefusal as refused:
        return _log_in_page(guest, onward, refused=refused)
    begun = await provider.begin(onward)
    response = to(begun.address)
    keep_log_in_state(guest.request, response, begun.state, LASTS)
    return response


@pages.get("/log-in/company/back")
async def come_from_the_company(guest: TheGuest) -> Response:
    """Let in whom the company's provider knows."""
    provider = guest.people.provider
    if provider is None:
        return to("/log-in")
    try:
        state = log_in_state(guest.request)
        staff_id, onward = await provider.finish(guest.request.query_params, state)
        return await _let_in(guest, staff_id, COMPANY, onward)
    except AccountRefusal as refused:
        return _log_in_page(guest, "/", refused=refused)


@pages.get("/demonstration/{key}")
async def enter_demonstration(guest: TheGuest, key: str) -> Response:
    """Let whoever has this start's address in as headquarters."""
    demonstration = guest.people.demonstration
    if demonstration is None or not demonstration.is_key(key):
        return to("/log-in")
    who = await guest.people.staffing.demonstrated(ANYBODY, None)
    token = await guest.people.sessions.begin(who.staff_id, DEMONSTRATION, guest.program)
    response = to("/")
    keep_session(guest.request, response, token, guest.people.longest)
    return response


@pages.post("/demonstration/be")
async def be_somebody(guest: TheGuest) -> Response:
    """Let a demonstration's visitor be somebody else of the company."""
    form = await posted(guest.request)
    found = await guest.people.sessions.find(session_token(guest.request))
    if guest.people.demonstration is None or found is None:
        raise LogInNeeded
    staff_id = form.get("staff", "")[:60]
    await guest.people.sessions.become(found.session, staff_id)
    return to(home_of(await guest.people.staffing.demonstrated(staff_id, found.rules)))


async def _owner_of(guest: Guest, token: str) -> str:
    """Return whose password a link sets; a wrong one is a wrong try. Raises: AccountRefusal."""
    tries, whose = guest.people.throttle.addresses, network_of(guest.address)
    with tries.judging(whose):
        owner = await guest.people.proving.owner_of_link(token)
        if owner is None:
            raise spent_link()
        return owner


async def _let_in(guest: Guest, staff_id: str, way: str, onward: str) -> Response:
    """Begin a session, in place of the one this browser had. Raises: AccountRefusal, NotOfStaff."""
    account = await guest.people.accounts.one(staff_id)
    administers = account is not None and account.administrator
    who = await guest.people.staffing.principal(staff_id, administrator=administers)
    if who is None:
        unknown = NotOfStaff(staff_id)
        raise LogInRefused(unknown.detail, unknown.remedy)
    if way == COMPANY:
        await guest.people.accounts.ensure(staff_id, staff_id)
    await _end_session(guest)
    token = await guest.people.sessions.begin(staff_id, way, guest.program)
    response = to(home_of(who) if onward == "/" else onward)
    keep_session(guest.request, response, token, guest.people.longest)
    return response


async def _end_session(guest: Guest) -> None:
    found = await guest.people.sessions.find(session_token(guest.request))
    if found is not None:
        await guest.people.sessions.end(found.session.session_id, found.session.staff_id)


def _log_in_page(
    guest: Guest,
    onward: str,
    staff_id: str = "",
    refused: AccountRefusal | None = None,
    *,
    chosen: bool = False,
) -> Response:
    context = {
        "onward": onward,
        "staff_id": staff_id,
        "chosen": chosen,
        "company": guest.people.provider is not None,
        "demonstration": guest.people.demonstration is not None,
        "company_link": f"/log-in/company?{urlencode({'onward': onward})}",
    }
    return guest.page("people/log_in.html", context, refused=refused)
