"""A local broker that lets in only whom it knows: TLS to it, a user and a password inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OPEN = "PLAINTEXT"
SECURED = "SASL_SSL"

_JAAS = "listener.name.sasl_ssl.{mechanism}.sasl.jaas.config="
_MODULES = "org.apache.kafka.common.security."


@dataclass(frozen=True, slots=True)
class Security:
    """What the brokers show, and who may log in, by PLAIN or by SCRAM-SHA-512."""

    certificate: Path
    """PEM: the key, not encrypted, then its certificate."""

    authority: Path
    """PEM: the certificate of who vouches for it; a broker trusts it among brokers, too."""

    users: Mapping[str, str]
    """Passwords by name; neither holds quotation marks, brackets or commas."""

    def properties(self) -> str:
        """Return the lines of a broker's settings."""
        name, password = next(iter(self.users.items()))
        known = " ".join(f'user_{user}="{secret}"' for user, secret in self.users.items())
        lines = [
            "ssl.keystore.type=PEM",
            f"ssl.keystore.location={self.certificate}",
            "ssl.truststore.type=PEM",
            f"ssl.truststore.location={self.authority}",
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol=PLAIN",
            f"{_JAAS.format(mechanism='plain')}{_MODULES}plain.PlainLoginModule required "
            f'username="{name}" password="{password}" {known};',
            f"{_JAAS.format(mechanism='scram-sha-512')}{_MODULES}scram.ScramLoginModule required;",
        ]
        return "\n".join(lines) + "\n"

    def storage_options(self) -> list[str]:
        """Return what makes the users known when a node's storage is formatted."""
        return [
            word
            for user, secret in self.users.items()
            for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={secret}]")
        ]
