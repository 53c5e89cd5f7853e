"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        """Return the current instant, UTC."""
        return datetime.now(UTC)
