"""Logging in at the company's provider by OpenID Connect: code flow with PKCE.

Of what comes back nothing is believed that the provider has not signed for this log-in: state,
nonce, issuer, audience, expiry and signature are checked, and the code is of use to nobody who
lacks the verifier. A key that the provider has begun to sign with is fetched when it is met.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import httpx2
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from events.texts import worded
from services.errors import Unavailable
from services.intake.characters import is_branch_id
from services.people.refusals import LogInRefused
from services.people.tokens import hashed, new_token
from services.ports import Clock
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_T = TypeVar("_T")

LASTS = timedelta(minutes=10)
"""How long a log-in at the provider may take."""

MOST_UNDER_WAY = 20_000
"""How many may be under way at once; the oldest give way."""

CALLBACK = "/log-in/company/back"

_ALGORITHMS = ["RS256", "PS256", "ES256"]
_LEEWAY_S = 60
_TIMEOUT_S = 10.0
_KNOWN_FOR = timedelta(hours=1)


class Registration(Struct, frozen=True):
    """How the provider knows this platform, and which of its claims is a staff number."""

    issuer: str
    client_id: str
    client_secret: str | None
    claim: str
    scopes: str
    callback: str  # the address that the provider sends people back to


class _Described(Struct, frozen=True):
    """What a provider says of itself, as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(Struct, frozen=True):
    """What a provider gives for a code."""

    id_token: str
    access_token: str


class Begun(NamedTuple):
    """A log-in that has begun: where to go, and what the browser is to bring back."""

    address: str
    state: str


class Finished(NamedTuple):
    """A log-in that went well: whose it is, and where he or she wanted to go."""

    staff_id: str
    onward: str


class Provider:
    """Sends people to the company's provider, and learns from it who they are."""

    def __init__(
        self,
        registration: Registration,
        pool: Pool,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Ask nothing yet; `transport` replaces the network."""
        self._known_as = registration
        self._pool = pool
        self._clock = clock
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT_S, transport=transport)
        self._described: _Described | None = None
        self._keys: KeySet | None = None
        self._fresh_until = clock.now()
        self._asking = asyncio.Lock()

    async def close(self) -> None:
        """End the connections to it."""
        await self._client.aclose()

    async def begin(self, onward: str) -> Begun:
        """Return where to send somebody who wants to log in. Raises: Unavailable."""
        described = await self._description()
        state, nonce, verifier = new_token(), new_token(), new_token()
        now = self._clock.now()
        kept = hashed(state), nonce, verifier, onward, now + LASTS
        with translated():
            await self._pool.execute(sql("provider_log_in_add"), *kept, now, MOST_UNDER_WAY)
        asked = {
            "response_type": "code",
            "client_id": self._known_as.client_id,
            "redirect_uri": self._known_as.callback,
            "scope": self._known_as.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in described.authorization_endpoint else "?"
        return Begun(f"{described.authorization_endpoint}{joint}{urlencode(asked)}", state)

    async def finish(self, answer: Mapping[str, str], state: str) -> Finished:
        """Return who came back from the provider; `state` is what the browser brought.

        Raises: LogInRefused, Unavailable.
        """
        begun = await self._begun(answer.get("state", ""), state)
        if "error" in answer:
            raise LogInRefused(
                worded(
                    "the company's log-in refused: %(error)s",
                    error=(answer.get("error_description") or answer["error"])[:200],
                ),
                worded("try again, or ask whoever keeps the company's log-in"),
            )
        described = await self._description()
        if answer.get("iss", described.issuer) != described.issuer:
            raise _distrusted("iss")
        tokens = await self._tokens(described, answer.get("code", ""), begun["verifier"])
        claims = await self._claims(described, tokens.id_token, begun["nonce"])
        return Finished(await self._number(described, claims, tokens.access_token), begun["onward"])

    async def _begun(self, returned: str, brought: str) -> Mapping[str, str]:
        """Return the log-in that this browser began; it is good once. Raises: LogInRefused."""
        row = None
        if brought and compare_digest(returned.encode(), brought.encode()):
            with translated():
                row = await self._pool.fetchrow(
                    sql("provider_log_in_take"), hashed(returned), self._clock.now()
                )
        if row is None:
            raise LogInRefused(
                worded("this log-in was begun elsewhere, too long ago, or is over already"),
                worded("begin it again"),
            )
        return dict(row.items())

    async def _tokens(self, described: _Described, code: str, verifier: str) -> _Tokens:
        known_as = self._known_as
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": known_as.callback,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        if known_as.client_secret is None:
            form["client_id"] = known_as.client_id
        elif "client_secret_basic" in described.token_endpoint_auth_methods_supported:
            pair = f"{quote(known_as.client_id, '')}:{quote(known_as.client_secret, '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": known_as.client_id, "client_secret": known_as.client_secret}
        answer = await self._ask("POST", described.token_endpoint, data=form, headers=headers)
        if answer.status_code in {400, 401, 403}:
            raise LogInRefused(
                worded(
                    "the company's log-in does not take the code back: %(why)s",
                    why=_error_of(answer.content),
                ),
                worded("begin the log-in again; if it goes on, have the client's secret checked"),
            )
        return _decoded(answer, _Tokens)

    async def _claims(self, described: _Described, token: str, nonce: str) -> Mapping[str, object]:
        """Return what an ID token says, once all of it is checked. Raises: LogInRefused."""
        verified = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock.now().timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": described.issuer},
            aud={"essential": True, "value": self._known_as.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = (await self._verified(described, token)).claims
            verified.validate(claims)
        except (JoseError, ValueError) as error:
            raise _distrusted(type(error).__name__) from error
        audience = claims["aud"]
        alone = not isinstance(audience, list) or len(audience) == 1
        if claims.get("azp", None if alone else "") not in (None, self._known_as.client_id):
            raise _distrusted("azp")
        return claims

    async def _verified(self, described: _Described, token: str) -> jwt.Token:
        """Return a token whose signature is right; new keys are asked for once."""
        try:
            return jwt.decode(token, await self._key_set(described), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            self._keys = None
            return jwt.decode(token, await self._key_set(described), algorithms=_ALGORITHMS)

    async def _number(
        self, described: _Described, claims: Mapping[str, object], access_token: str
    ) -> str:
        """Return the staff number, of the ID token or of userinfo. Raises: LogInRefused."""
        name = self._known_as.claim
        value = claims.get(name)
        if value is None and described.userinfo_endpoint is not None:
            headers = {"Authorization": f"Bearer {access_token}"}
            answer = await self._ask("GET", described.userinfo_endpoint, headers=headers)
            about = _decoded(answer, dict[str, object])
            if about.get("sub") != claims["sub"]:
                raise _distrusted("sub")
            value = about.get(name)
        if not isinstance(value, str) or not is_branch_id(value):
            raise LogInRefused(
                worded(
                    "the company's log-in says no %(claim)s of you, which is to be your staff "
                    "number",
                    claim=name,
                ),
                worded("have it released to this platform, or set TOUCHSTONE_OIDC_CLAIM"),
            )
        return value

    async def _description(self) -> _Described:
        """Return what the provider says of itself, asked for once an hour. Raises: Unavailable."""
        async with self._asking:
            now = self._clock.now()
            if self._described is None or now > self._fresh_until:
                address = f"{self._known_as.issuer.rstrip('/')}/.well-known/openid-configuration"
                found = _decoded(await self._ask("GET", address), _Described)
                if found.issuer != self._known_as.issuer:
                    raise Unavailable(
                        f"{address} is of another issuer, {found.issuer!r}: set "
                        "TOUCHSTONE_OIDC_ISSUER to exactly that if it is meant"
                    )
                self._described, self._fresh_until = found, now + _KNOWN_FOR
                self._keys = None  # one that the provider has withdrawn is believed no longer
            return self._described

    async def _key_set(self, described: _Described) -> KeySet:
        async with self._asking:
            if self._keys is None:
                answer = await self._ask("GET", described.jwks_uri)
                try:
                    self._keys = KeySet.import_key_set(answer.json())
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise Unavailable(f"the keys at {described.jwks_uri} are none") from error
            return self._keys

    async def _ask(self, method: str, address: str, **more: object) -> httpx2.Response:
        """Return an answer of the provider. Raises: Unavailable."""
        try:
            answer = await self._client.request(method, address, **more)  # type: ignore[arg-type]
        except httpx2.HTTPError as error:
            raise Unavailable(f"the company's log-in at {address} is away: {error!r}") from error
        if answer.status_code >= 500 or (method == "GET" and answer.status_code != 200):
            raise Unavailable(f"{address} answered {answer.status_code}")
        return answer


def challenge_of(verifier: str) -> str:
    """Return the challenge that goes with a verifier (PKCE, S256)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _distrusted(what: str) -> LogInRefused:
    return LogInRefused(
        worded("what the company's log-in sent cannot be trusted (%(what)s)", what=what),
        worded("begin the log-in again; if it goes on, tell an administrator"),
    )


def _error_of(content: bytes) -> str:
    """Return what a token endpoint says is wrong."""
    try:
        said = msgspec.json.decode(content, type=dict[str, object])
    except msgspec.MsgspecError:
        return "?"
    return str(said.get("error_description") or said.get("error"))[:200]


def _decoded(answer: httpx2.Response, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{answer.url} answered what cannot be read: {error}") from error
