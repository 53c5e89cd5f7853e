"""What can be set from outside, each with its environment variable and its meaning."""

from functools import cache
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.embedded.server import default_data_dir
from services.errors import UsageError


class Settings(BaseSettings):
    """Settings of one installation; every one may be given as TOUCHSTONE_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="TOUCHSTONE_", frozen=True)

    data: Path = Field(
        default_factory=default_data_dir,
        description="Data directory of the embedded PostgreSQL, keys and logs.",
    )
    dsn: str | None = Field(
        default=None, description="PostgreSQL to use instead of the embedded one."
    )
    console_host: str = Field(
        default="127.0.0.1",
        description="Address of the console. It has no log-in yet: loopback only.",
    )
    console_port: int = Field(default=8420, ge=0, le=65_535, description="Port of the console.")
    gateway_host: str = Field(default="127.0.0.1", description="Address of the gateway.")
    gateway_port: int = Field(default=8421, ge=0, le=65_535, description="Port of the gateway.")
    master_key: str | None = Field(
        default=None,
        description="Base64 of 32 bytes that wrap the customers' keys; default: kept in data.",
    )

    @field_validator("console_host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if host != "localhost" and not ip_address(host).is_loopback:
            raise ValueError(
                "the console has no log-in yet and listens on loopback only; put a proxy that "
                "authenticates in front of 127.0.0.1"
            )
        return host


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment once.

    Raises: UsageError, which names each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"TOUCHSTONE_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()
        )
        raise UsageError(wrong) from error
