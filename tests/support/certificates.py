"""Certificates for tests: an authority that nobody knows, and a server on loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def make_certificates(folder: Path, name: str = "authority") -> tuple[Path, Path]:
    """Write an authority's certificate and, in one file, a server's key and certificate, PEM."""
    authority_key, server_key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority = _certificate(authority_key, authority_key, name, name, is_authority=True)
    server = _certificate(server_key, authority_key, "127.0.0.1", name, is_authority=False)
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    authority_file, server_file = folder / f"{name}.pem", folder / f"{name}-server.pem"
    authority_file.write_bytes(authority.public_bytes(Encoding.PEM))
    server_file.write_bytes(key + server.public_bytes(Encoding.PEM))
    return authority_file, server_file


def _certificate(
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    subject: str,
    issuer: str,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=12))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
    )
    return builder.sign(signer, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
