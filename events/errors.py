"""The error root of the events room; each class's docstring is its message's meaning."""


class EventError(Exception):
    """Something about an event, its bytes or its money is not what the catalogue allows."""


class UnknownEventType(EventError):
    """The catalogue holds no touchpoint of that type name."""

    def __init__(self, event_type: str) -> None:
        super().__init__(f"unknown event type {event_type!r}")
        self.event_type = event_type


class UnknownSchema(EventError):
    """The bytes carry the fingerprint of a schema that was never published."""

    def __init__(self, fingerprint: bytes) -> None:
        super().__init__(f"no published schema has the fingerprint {fingerprint.hex()}")
        self.fingerprint = fingerprint


class MalformedEvent(EventError):
    """The bytes are not Avro single-object encoding of the schema that they name."""


class CurrencyMismatch(EventError):
    """Two amounts of different currencies were about to be added or compared."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"amounts in {left} and {right} cannot be combined")
        self.left = left
        self.right = right


class MalformedToken(EventError):
    """A position token was not issued by this platform, or was cut short on its way."""
