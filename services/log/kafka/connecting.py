"""A client of the cluster; where none can be had, the setting that is to be mended is named.

Kafka's client only says that no broker could be reached, also where one refuses: so the brokers
are asked again, one connection each, for the sentence that helps.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import SaslHandShakeRequest

from services.log.kafka.cluster import REQUEST_TIMEOUT_S, Cluster, KafkaRefused, reached

_FAILURES = ('Unable connect to "', 'Unable to request metadata from "')  # when bootstrapping
_ASKING = "?"  # no mechanism: the answer names those there are
_CLOSING_S = 0.5
_EXPLAINING_S = 5.0  # who refuses does so at once; brokers that are silent say nothing
_NAME_DIFFERS = 62
_ADDRESS_DIFFERS = 64
_USER_SETTINGS = "TOUCHSTONE_KAFKA_USER and TOUCHSTONE_KAFKA_PASSWORD"


@asynccontextmanager
async def plain_client(cluster: Cluster) -> AsyncIterator[AIOKafkaClient]:
    """Yield a client for single requests. Raises: Unavailable, KafkaRefused."""
    with reached():
        client = AIOKafkaClient(**cluster.options)
        try:
            try:
                with _silently():
                    await client.bootstrap()
            except KafkaConnectionError:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_EXPLAINING_S):
                        await _explain(cluster)
                raise
            yield client
        finally:
            await client.close()


@contextlib.contextmanager
def _silently() -> Iterator[None]:
    """Drop what the client logs of a failure: it is raised, once and in other words."""
    logger = logging.getLogger("aiokafka")
    logger.addFilter(_is_no_failure)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_failure)


def _is_no_failure(said: logging.LogRecord) -> bool:
    return not str(said.msg).startswith(_FAILURES)


async def _explain(cluster: Cluster) -> None:
    """Ask each broker what it does not like. Raises: KafkaRefused, by the first that says it."""
    for host, port, _ in collect_hosts(cluster.servers, randomize=False):
        reason = await _asked(_Broker(cluster, host, port))
        if reason is not None:
            raise KafkaRefused(f"Kafka at {host}:{port} {reason}")


class _Broker:
    """One address, for connections with the cluster's settings or with others."""

    def __init__(self, cluster: Cluster, host: str, port: int) -> None:
        self.options = cluster.options
        self._host = host
        self._port = port

    def connection(self, protocol: str) -> AIOKafkaConnection:
        """Return a connection that is not open yet."""
        options = self.options
        return AIOKafkaConnection(
            self._host,
            self._port,
            client_id=options["client_id"],
            request_timeout_ms=options["request_timeout_ms"],
            ssl_context=options["ssl_context"],
            security_protocol=protocol,
            sasl_mechanism=options["sasl_mechanism"],
            sasl_plain_username=options["sasl_plain_username"],
            sasl_plain_password=options["sasl_plain_password"],
        )

    async def mechanisms(self) -> list[str]:
        """Return how one may log in; nothing where no user is asked for."""
        connection = self.connection(self.options["security_protocol"].removeprefix("SASL_"))
        try:
            await connection.connect()
            answer = await connection.send(SaslHandShakeRequest(_ASKING))
            return list(answer.enabled_mechanisms)
        except (KafkaError, OSError):
            return []
        finally:
            await _close(connection)

    async def speaks_plainly(self) -> bool:
        """Return whether it answers a client that does not speak TLS."""
        connection = self.connection("PLAINTEXT")
        try:
            await connection.connect()
        except (KafkaError, OSError):
            return False
        finally:
            await _close(connection)
        return True

    async def speaks_tls(self) -> bool:
        """Return whether it greets a client that speaks TLS, whatever its certificate is."""
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError):
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                _, writer = await asyncio.open_connection(self._host, self._port, ssl=trusting)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                return True
        return False


async def _close(connection: AIOKafkaConnection) -> None:
    """Close a connection and wait until it is: the socket of TLS stays open until both said so."""
    closed = connection.close()
    if closed is not None:  # it was tried; where it failed early nothing will say that it is closed
        await asyncio.wait((closed,), timeout=_CLOSING_S)


async def _asked(broker: _Broker) -> str | None:
    """Return what a broker has against the settings and which to mend; nothing if it is away."""
    options = broker.options
    connection = broker.connection(options["security_protocol"])
    try:
        await connection.connect()
    except SaslAuthenticationFailed:
        return (
            f"does not let user {options['sasl_plain_username']} in: wrong password, or no such "
            f"user. Set {_USER_SETTINGS} to those that it knows"
        )
    except UnsupportedSaslMechanismError:
        taken = ", ".join(await broker.mechanisms())
        return (
            f"lets nobody in by {options['sasl_mechanism']}: set TOUCHSTONE_KAFKA_MECHANISM to "
            f"one of {taken or 'those that it takes'}"
        )
    except IllegalSaslStateError:
        return f"asks for no user: unset {_USER_SETTINGS}, or give the port on which it does"
    except ssl.SSLCertVerificationError as error:
        return _about_certificate(error)
    except (KafkaError, OSError):
        if options["ssl_context"] is None:
            wrong = await broker.speaks_tls()
            return "speaks TLS: set TOUCHSTONE_KAFKA_TLS=true" if wrong else None
        wrong = await broker.speaks_plainly()
        return (
            "speaks no TLS: unset TOUCHSTONE_KAFKA_TLS, or give its other port" if wrong else None
        )
    finally:
        await _close(connection)
    if options["sasl_plain_username"] is None and (known := await broker.mechanisms()):
        return f"asks for a user: set {_USER_SETTINGS}; it takes {', '.join(known)}"
    return None


def _about_certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in {_NAME_DIFFERS, _ADDRESS_DIFFERS}:
        return (
            f"shows another one's certificate ({error.verify_message}): give in TOUCHSTONE_KAFKA "
            "the name that its certificate has"
        )
    return (
        f"shows a certificate that is not trusted ({error.verify_message}): set "
        "TOUCHSTONE_KAFKA_CA to the file, PEM, of the authority that vouches for it"
    )
