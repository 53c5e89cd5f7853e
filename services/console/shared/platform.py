"""What the console needs of a running platform."""

from typing import Protocol

from services.casework.parts import CaseworkPlatform
from services.intake.intake import Intake
from services.ports import Dossiers


class ConsolePlatform(CaseworkPlatform, Protocol):
    """The open parts of a platform that reading and commanding take."""

    @property
    def dossiers(self) -> Dossiers:
        """One customer's events, for answers as of another instant."""
        ...

    @property
    def intake(self) -> Intake:
        """The way in of what a clerk publishes by form."""
        ...
