"""Who may log in, as the settings say, and the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from services.casework.rulebook import Rulebook
from services.people.demonstration import Demonstration
from services.people.journal import PLATFORM
from services.people.people import People, people_of
from services.people.provider import CALLBACK, Provider, Registration
from services.people.sessions import Ends
from services.platform import Platform
from services.settings import Settings, is_loopback
from services.terminal import note, say

FIRST = "admin"
"""The staff number of the first administrator, where nobody has said another."""


def people_here(platform: Platform, settings: Settings) -> People:
    """Return the accounts, sessions and keys of a platform, and how its staff log in."""
    key = settings.demonstration_key
    return people_of(
        platform.pool,
        platform.vault,
        platform.clock,
        Rulebook(platform.pool).reference,
        ends=Ends(
            timedelta(minutes=settings.session_idle_minutes),
            timedelta(hours=settings.session_hours),
        ),
        provider=_provider(platform, settings),
        demonstration=(
            None if key is None else Demonstration(key.get_secret_value(), platform.clock)
        ),
    )


def _provider(platform: Platform, settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret
    registration = Registration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        claim=settings.oidc_claim,
        scopes=settings.oidc_scopes,
        callback=f"{settings.console_address_of_people}{CALLBACK}",
    )
    return Provider(registration, platform.pool, platform.clock)


def hosts_of(settings: Settings) -> Sequence[str]:
    """Return under which names the console answers, beside those of this machine.

    Where it listens beyond loopback and nobody has said its name, it answers to any: sessions
    keep strangers out, and a cookie is for one name alone.
    """
    if settings.console_url is not None:
        host = urlsplit(settings.console_url).hostname
        return [] if host is None else [host]
    return [] if is_loopback(settings.console_host) else ["*"]


async def invite_the_first(platform: Platform, settings: Settings) -> None:
    """Where nobody can log in yet, say a one-time link for the first administrator.

    A new one is said at each start until somebody has used one. Raises: Unavailable.
    """
    people = people_here(platform, settings)
    if people.provider is not None:
        say(f"staff log in at {settings.oidc_issuer}")
        return
    accounts = people.accounts
    if await accounts.in_use():
        return
    administrators = [one for one in await accounts.all() if one.administrator]
    staff_id = administrators[0].staff_id if administrators else FIRST
    if not administrators:
        await accounts.make(staff_id, PLATFORM, administrator=True)
    token = await accounts.link(staff_id, PLATFORM)
    say(f"first log-in ({staff_id}): {settings.console_address_of_people}/link/{token}")
    note("The link is good once, for three days; the administrator makes all other accounts.")
