"""What can be set from outside, each with its environment variable and its meaning."""

import os
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.errors import UsageError
from services.native import NOT_BUILT, PARTS, choose

_FACTS_PER_MB = 900

Networks = tuple[IPv4Network | IPv6Network, ...]
"""Networks, or single addresses as the smallest ones."""


def default_data_dir() -> Path:
    """Return where data lives when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/touchstone")
    return Path(platformdirs.user_data_dir("touchstone"))


DEMONSTRATION_STAYS = (
    "a demonstration lets in whoever has its address: leave TOUCHSTONE_CONSOLE_HOST and "
    "TOUCHSTONE_CONSOLE_URL on loopback"
)


class Settings(BaseSettings):
    """Settings of one installation; every one may be given as TOUCHSTONE_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix="TOUCHSTONE_", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(
        default_factory=default_data_dir,
        description="Data directory of the embedded PostgreSQL, keys and logs.",
    )
    dsn: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="PostgreSQL to use instead of the embedded one.",
    )
    console_host: str = Field(
        default="127.0.0.1",
        description="Address of the console; beyond loopback only with TLS, here or in a proxy.",
    )
    console_port: int = Field(default=8420, ge=0, le=65_535, description="Port of the console.")
    console_url: str | None = Field(
        default=None,
        description="Where people find the console, such as https://touchstone.example.com; "
        "default: its address and port.",
    )
    session_idle_minutes: int = Field(
        default=120, ge=1, le=1_440, description="Minutes unseen after which a log-in ends."
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="Hours after which a log-in ends anyway."
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="The company's OpenID Connect provider, at which staff log in; default: by "
        "accounts kept here.",
    )
    oidc_client_id: str | None = Field(default=None, description="Its name for this platform.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="The secret that goes with that name, if any."
    )
    oidc_claim: str = Field(
        default="preferred_username", description="The claim that is the staff number."
    )
    oidc_scopes: str = Field(default="openid profile", description="The scopes that are asked for.")
    demonstration_key: SecretStr | None = Field(
        default=None,
        description="Set by `touchstone run --demo` for its services: whoever has it is let in.",
    )
    gateway_host: str = Field(default="127.0.0.1", description="Address of the gateway.")
    gateway_port: int = Field(default=8421, ge=0, le=65_535, description="Port of the gateway.")
    origin: str | None = Field(
        default=None,
        pattern=r"^[^\s+]{1,200}$",
        description="Name under which receipts are signed, such as crm.example.com; the key is "
        "made under it once. Default: a name made with the key.",
    )
    worker_host: str = Field(
        default="127.0.0.1",
        description="Address where a projecting process tells how it is.",
    )
    worker_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port where a projecting process answers /metrics, /livez and /readyz; "
        "several on one machine take this one and those after it. Default: none.",
    )
    metrics_from: str = Field(
        default="",
        description="Networks besides this machine, separated by commas, that may read /metrics.",
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="Certificate chain of gateway and console, PEM: they then speak TLS alone. "
        "A renewed file is taken up within a minute.",
    )
    tls_key: Path | None = Field(default=None, description="The certificate's key, PEM.")
    proxies: str = Field(
        default="",
        description="Networks, separated by commas, of the reverse proxies in front of gateway and "
        "console, which speak TLS there: only their X-Forwarded headers are believed.",
    )
    log_directory: Path | None = Field(
        default=None,
        description="Where gateway, console, projector and workers log, a file each as JSON lines; "
        "default: standard error.",
    )
    log_mb: int = Field(
        default=10, ge=1, le=10_000, description="Megabytes after which a log file is put aside."
    )
    log_files: int = Field(
        default=5, ge=1, le=1_000, description="Files that are kept of each log, old ones included."
    )
    log_requests: bool = Field(
        default=False, description="Log a line for each request, with its route and its id."
    )
    connections: int = Field(
        default=1_000,
        ge=10,
        le=100_000,
        description="Connections that the gateway and the console each take at once; where there "
        "are more, those that wait for a request make room.",
    )
    key_requests_per_s: float = Field(
        default=500.0,
        gt=0,
        le=1e6,
        description="Requests that one branch key may send a second, on average.",
    )
    key_events_per_s: float = Field(
        default=5_000.0,
        gt=0,
        le=1e6,
        description="Events that one branch key may send a second, on average.",
    )
    quarantine_events: int = Field(
        default=10_000, ge=1, description="Refused events that are kept of one branch."
    )
    quarantine_mb: int = Field(
        default=64, ge=1, description="Megabytes of refused events that are kept of one branch."
    )
    quarantine_days: int = Field(
        default=90, ge=1, le=3_650, description="Days for which a refused event is kept."
    )
    look_days: int = Field(
        default=400,
        ge=1,
        le=36_500,
        description="Days for which looks at personal data have rows beside the log's events.",
    )
    master_key: str | None = Field(
        default=None,
        repr=False,
        description="Base64 of 32 bytes that wrap the customers' keys; default: kept in data.",
    )
    alert_webhook: str | None = Field(
        default=None,
        description="Where alerts are delivered by POST: https, or on loopback.",
    )
    memory_mb: int = Field(
        default=800,
        ge=1,
        description="Megabytes that a projecting process may fill with customers it remembers.",
    )
    native: Literal["auto", "0", "1"] = Field(
        default="auto",
        description="Whether the compiled parts run that `make native` builds: auto, where they "
        "are built of the sources as they are; 0, never; 1, nothing runs without them.",
    )
    kafka: str | None = Field(
        default=None,
        description="Kafka brokers, host:port separated by commas, that keep the event log; "
        "default: PostgreSQL keeps it.",
    )
    kafka_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="What the topics' names begin with, where several share a cluster.",
    )
    kafka_tls: bool = Field(default=False, description="Speak TLS with the brokers.")
    kafka_ca: Path | None = Field(
        default=None, description="Certificates to trust for Kafka; default: the system's."
    )
    kafka_certificate: Path | None = Field(
        default=None, description="This client's certificate for Kafka, PEM."
    )
    kafka_key: Path | None = Field(default=None, description="The certificate's key, PEM.")
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How to log in at Kafka, if a user is given."
    )
    kafka_user: str | None = Field(default=None, description="User at Kafka; default: none.")
    kafka_password: SecretStr | None = Field(default=None, description="That user's password.")

    @property
    def gateway_address(self) -> tuple[str, int]:
        """Return where the gateway listens."""
        return self.gateway_host, self.gateway_port

    @property
    def console_address(self) -> tuple[str, int]:
        """Return where the console listens."""
        return self.console_host, self.console_port

    @property
    def console_address_of_people(self) -> str:
        """Return where people find the console, without a slash at the end."""
        if self.console_url is not None:
            return self.console_url
        host = f"[{self.console_host}]" if ":" in self.console_host else self.console_host
        scheme = "http" if self.tls_certificate is None else "https"
        return f"{scheme}://{host}:{self.console_port}"

    @property
    def is_beyond_this_machine(self) -> bool:
        """Tell whether others reach the console, directly or by a name that a proxy has for it."""
        name = urlsplit(self.console_url or "").hostname
        return not is_loopback(self.console_host) or not (name is None or is_loopback(name))

    @property
    def trusted_proxies(self) -> Networks:
        """Return from where X-Forwarded headers are believed."""
        return networks(self.proxies)

    @property
    def may_scrape(self) -> Networks:
        """Return who may read the figures beside this machine."""
        return networks(self.metrics_from)

    @property
    def keys_travel_in_clear(self) -> bool:
        """Tell whether keys may cross a network unencrypted on their way to the gateway."""
        return not (self._is_sealed or is_loopback(self.gateway_host))

    @property
    def _is_sealed(self) -> bool:
        return self.tls_certificate is not None or bool(self.proxies.strip())

    @property
    def max_facts(self) -> int:
        """Return how many facts fit there: 1,100 bytes each, with all that is made of them."""
        return self.memory_mb * _FACTS_PER_MB

    @field_validator("data", "dsn", "kafka", mode="before")
    @classmethod
    def _not_empty(cls, given: object) -> object:
        if isinstance(given, str) and not given.strip():
            raise ValueError("is empty; give a value, or unset it for the default")
        return given

    @field_validator("console_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://none")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("give scheme, host and port alone, such as https://crm.example.com")
        return url and url.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_trusted(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://none")
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        ):
            raise ValueError("log-ins travel there: give an https address, or http on loopback")
        return url

    @field_validator("proxies", "metrics_from")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        networks(given)
        return given

    @field_validator("alert_webhook")
    @classmethod
    def _alerts_travel_safely(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://none")
        if parts.hostname is None or not (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        ):
            raise ValueError("alerts name customers: give an https address, or http on loopback")
        return url

    @field_validator("native")
    @classmethod
    def _native_is_built(cls, wanted: str) -> str:
        if wanted == "1" and len(choose().parts) < len(PARTS):
            raise ValueError(NOT_BUILT)
        return wanted

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("TOUCHSTONE_OIDC_ISSUER and TOUCHSTONE_OIDC_CLIENT_ID go together")
        if self.demonstration_key is not None and self.is_beyond_this_machine:
            raise ValueError(DEMONSTRATION_STAYS)
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TOUCHSTONE_TLS_CERTIFICATE and TOUCHSTONE_TLS_KEY go together")
        if not self._is_sealed and not is_loopback(self.console_host):
            raise ValueError(
                "TOUCHSTONE_CONSOLE_HOST is beyond this machine, where passwords would travel "
                "readable: set TOUCHSTONE_TLS_CERTIFICATE and TOUCHSTONE_TLS_KEY, or name in "
                "TOUCHSTONE_PROXIES the proxy in front that speaks TLS"
            )
        return self

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        if (self.kafka_user is None) != (self.kafka_password is None):
            raise ValueError("TOUCHSTONE_KAFKA_USER and TOUCHSTONE_KAFKA_PASSWORD go together")
        if self.kafka_key is not None and self.kafka_certificate is None:
            raise ValueError("TOUCHSTONE_KAFKA_KEY needs TOUCHSTONE_KAFKA_CERTIFICATE")
        if (self.kafka_ca or self.kafka_certificate) and not self.kafka_tls:
            raise ValueError("certificates for Kafka are of use with TOUCHSTONE_KAFKA_TLS=true")
        return self


def networks(given: str) -> Networks:
    """Return the networks of a list separated by commas. Raises: ValueError."""
    found = []
    for one in filter(None, (part.strip() for part in given.split(","))):
        try:
            found.append(ip_network(one))
        except ValueError as error:
            raise ValueError(
                f"{one!r} is no network such as 10.0.0.0/8 or 192.0.2.7 ({error})"
            ) from error
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment once.

    Raises: UsageError, which names each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"TOUCHSTONE_{str(e['loc'][0]).upper()}: {said}" if e["loc"] else said
            for e in error.errors()
            for said in [e["msg"].removeprefix("Value error, ")]
        )
        raise UsageError(wrong) from error
