"""The reader of `compiled_reader.c`, which is there once `make native` has built it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from events.reading_plan import Record
from events.touchpoints import Touchpoint

D = TypeVar("D")
E = TypeVar("E")

class Reader:
    """Reads touchpoints by the plans of their schemas.

    `plans` has them by the header under which their bytes travel. Bytes that are not read by
    them are given to `otherwise`, which reads them, or raises: a refusal, if it is of that type.
    """

    def __init__(
        self,
        plans: Mapping[bytes, Record],
        otherwise: Callable[[bytes], Touchpoint],
        refusal: type[Exception],
    ) -> None: ...
    def read(self, payload: bytes, /) -> Touchpoint:
        """Return the touchpoint that the bytes hold. Raises: whatever `otherwise` raises."""

    def rows(
        self,
        copied: bytes,
        start: int,
        dossiers: list[D],
        fact: Callable[..., object],
        dossier: Callable[..., D],
        unreadable: Callable[..., object],
        /,
    ) -> tuple[int, bool]:
        """Take in the rows of a copy that are there in full from byte `start` on.

        A row has customer_id, event_id, source, branch_id, epoch, sequence, effective_at and
        data. It becomes a `fact` in the last of the dossiers, or in a new one if that is not its
        customer's; or `unreadable`, of its id and why it was refused. Return where the next row
        begins, and whether the copy ended there. Raises: ValueError.
        """

    def envelope(
        self,
        headers: Sequence[tuple[str, bytes | None]],
        names: tuple[str, ...],
        envelope: Callable[..., E],
        /,
    ) -> tuple[E, datetime] | None:
        """Return the envelope that a record's headers hold, and when it was recorded.

        `names` has those of all attributes, in the order in which a gateway writes them. None:
        the headers are not as a gateway writes them, and Python is to read or refuse them.
        """
