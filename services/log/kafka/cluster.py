"""How to reach the Kafka cluster, and its failures as one kind of error."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from services.errors import TouchstoneError, Unavailable, UsageError
from services.settings import Settings

REQUEST_TIMEOUT_S = 10.0
"""How long one request to a broker may take."""

_REFUSED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)


class KafkaRefused(TouchstoneError):
    """Kafka is there and says no: a wrong user, password or right."""


class ClientOptions(TypedDict):
    """What every client of aiokafka is given."""

    bootstrap_servers: str
    client_id: str
    request_timeout_ms: int
    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's addresses, how to log in, and what the platform's topics begin with."""

    options: ClientOptions
    prefix: str

    @property
    def servers(self) -> str:
        """Return the addresses that clients start from."""
        return self.options["bootstrap_servers"]


def cluster_of(settings: Settings) -> Cluster:
    """Return the cluster that the settings name. Raises: UsageError."""
    if settings.kafka is None:
        raise UsageError("no Kafka is set: give its brokers in TOUCHSTONE_KAFKA, host:port")
    password = settings.kafka_password
    options = ClientOptions(
        bootstrap_servers=settings.kafka,
        client_id="touchstone",
        request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000),
        security_protocol=("SASL_" if settings.kafka_user else "")
        + ("SSL" if settings.kafka_tls else "PLAINTEXT"),
        ssl_context=_tls(settings),
        sasl_mechanism=settings.kafka_mechanism,
        sasl_plain_username=settings.kafka_user,
        sasl_plain_password=None if password is None else password.get_secret_value(),
    )
    if options["security_protocol"] == "SASL_PLAINTEXT" and settings.kafka_mechanism == "PLAIN":
        raise UsageError("PLAIN would send the password in the clear: set TOUCHSTONE_KAFKA_TLS")
    return Cluster(options, settings.kafka_prefix)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.kafka_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca)
        if settings.kafka_certificate is not None:
            context.load_cert_chain(settings.kafka_certificate, settings.kafka_key)
    except OSError as error:  # includes a file that is no certificate
        raise UsageError(f"the certificates for Kafka cannot be read: {error}") from error
    return context


@contextmanager
def reached() -> Iterator[None]:
    """Turn the failures of a cluster that is away into Unavailable.

    Raises: Unavailable, KafkaRefused.
    """
    try:
        yield
    except _REFUSED as error:
        raise KafkaRefused(f"Kafka refuses: {_said(error)}") from error
    except (TimeoutError, KafkaError, OSError) as error:
        raise away(_said(error)) from error


def away(why: str) -> Unavailable:
    """Return the error for a cluster that cannot be reached or does not answer."""
    return Unavailable(f"Kafka cannot be reached just now ({why}); try again in a moment")


def _said(error: BaseException) -> str:
    name = type(error).__name__
    said = str(error)
    return said if name in said else f"{name}: {said}" if said else name
