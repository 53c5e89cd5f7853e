"""Why a schema cannot be published, or no longer fits what was."""

from services.errors import Disagreement, UsageError


class AlreadyPublished(UsageError):
    """A type changed although the schema of its version is published."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"{name} v{version} is published and its type now says something else: "
            f"raise the type's version to {version + 1}, and add an upcaster if meaning moved"
        )
        self.name = name
        self.version = version


class SameFingerprint(UsageError):
    """Two schemas cannot be told apart on the wire: the fingerprint ignores logical types."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(
            f"{one} and {other} have the same fingerprint: readers could not tell their bytes "
            "apart; rename a field of the newer one"
        )
        self.one = one
        self.other = other


class Incompatible(UsageError):
    """A version cannot read what another version of the same event type wrote."""

    def __init__(self, reader: str, writer: str, reasons: tuple[str, ...]) -> None:
        super().__init__(f"{reader} cannot read what {writer} wrote: {'; '.join(reasons)}")
        self.reader = reader
        self.writer = writer
        self.reasons = reasons


class ContractBroken(Disagreement):
    """Types, schemas, golden bytes and the AsyncAPI document do not agree; all faults are told."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"the contract on the wire does not hold:\n{lines}")
        self.faults = faults
