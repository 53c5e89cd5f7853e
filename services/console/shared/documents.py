"""What the JSON documents of all topics share."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Money(BaseModel):
    """An amount in minor units of its currency."""

    minor: int
    currency: str = Field(examples=["CNY"])


class Positioned(BaseModel):
    """Every answer says which position of the log it reflects."""

    position: str = Field(description="Token of the position reflected; pass it as `at_least`.")
