"""What can be set from outside, each with its environment variable and its meaning."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.embedded.server import default_data_dir


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
    host: str = Field(
        default="127.0.0.1", description="Address that gateway and console listen on."
    )
    port: int = Field(default=8420, description="Port that gateway and console listen on.")
    master_key: str | None = Field(
        default=None,
        description="Base64 of 32 bytes that wrap the customers' keys; default: kept in data.",
    )


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment once."""
    return Settings()
