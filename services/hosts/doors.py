"""The doors of the platform, each served by a process of its own."""

from enum import StrEnum


class Door(StrEnum):
    """What a process serves."""

    GATEWAY = "gateway"
    CONSOLE = "console"
