"""What one contestant's run comes to."""

from typing import NamedTuple


class Measured(NamedTuple):
    """One contestant's run over all events."""

    events: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return events per second."""
        return self.events / self.seconds
