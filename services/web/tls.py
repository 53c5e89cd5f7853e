"""TLS of the doors: a certificate with its key, taken up again when it was renewed."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

from services import metrics
from services.errors import UsageError

_LOG = structlog.get_logger(__name__)

_LOOK_S = 30.0


def not_after(certificate: Path) -> datetime:
    """Return when a certificate ends to be valid. Raises: UsageError."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"the certificate {certificate} cannot be read: {error}") from error
    return found[0].not_valid_after_utc


def trusting(certificate: Path) -> ssl.SSLContext:
    """Return what trusts this one certificate alone, by whatever name its server is reached.

    For a process of this machine that knows the file. Raises: UsageError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(certificate)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"the certificate {certificate} cannot be read: {error}") from error
    return context


class Certificate:
    """A certificate as it is served; connections made after a renewal see the new one."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load both. Raises: UsageError."""
        self._files = certificate, key
        self._seen = self._stamps()
        self.context = self._new_context()
        self._told()

    def renew(self) -> bool:
        """Take up what was renewed; return whether anything was. Raises: UsageError.

        Where the new pair is of no use the old one stays.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._new_context()
        self.context.load_cert_chain(*self._files)
        self._seen = stamps
        self._told()
        return True

    async def watch(self) -> None:
        """Look for a renewal now and then, for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                if self.renew():
                    _LOG.info("certificate_renewed")
            except UsageError as error:  # also while only one of the two files is new
                _LOG.warning("certificate_not_renewed", reason=str(error))

    def _new_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"TLS cannot use {certificate} with {key}: {error}; give a PEM certificate chain "
                "and its key, which this user may read"
            ) from error
        return context

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        try:
            found = [path.stat() for path in self._files]
        except OSError as error:
            raise UsageError(f"TLS needs {error.filename}: {error.strerror}") from error
        return tuple((stat.st_mtime_ns, stat.st_ino) for stat in found)

    def _told(self) -> None:
        metrics.TLS_NOT_AFTER.set(not_after(self._files[0]).timestamp())


def _no_password() -> str:
    """Refuse a key under a password, for which OpenSSL would ask on the terminal."""
    raise ssl.SSLError("the key is encrypted; give one that is not")
