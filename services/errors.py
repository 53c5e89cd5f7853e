"""The error root of everything that does I/O; a class's docstring is its message's meaning."""


class TouchstoneError(Exception):
    """The platform refuses or failed, for a reason that the user can act on.

    The message says what is wrong and how to mend it; `exit_code` is what a script sees.
    """

    exit_code = 1


class UsageError(TouchstoneError):
    """What was asked for does not make sense: a wrong option, file, mapping or day."""

    exit_code = 2


class Unavailable(TouchstoneError):
    """Something the platform needs cannot be reached just now; trying again may help."""

    exit_code = 3


class StreamBusy(Unavailable):
    """One stream is changed by others all the time; everything else goes on."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source} is changed by others all the time; try again in a moment")
        self.source = source


class LogMoved(Unavailable):
    """The log's generation is closed: it goes on elsewhere, and this process must follow.

    To whoever publishes it is unavailable for a moment; nothing was accepted.
    """

    exit_code = 1

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"generation {generation} of the event log is closed: it goes on elsewhere, where "
            "`touchstone move` has taken it, or Kafka was given it while it was empty. End this "
            "process and start it with TOUCHSTONE_KAFKA set to the brokers if Kafka keeps the log "
            "now, or without it if PostgreSQL does"
        )
        self.generation = generation


class StaleCheckpoint(TouchstoneError):
    """Another worker owns the partition: the checkpoint was not where this one left it."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"partition {partition} is owned by another worker")
        self.partition = partition


class UnreadableEvent(TouchstoneError):
    """The log holds an event whose bytes cannot be read, so that no figure can be told."""


class Disagreement(TouchstoneError):
    """A proof failed: what was recomputed differs from what is stored."""

    exit_code = 4


def first_of(kind: type[Exception], failed: ExceptionGroup[Exception]) -> Exception:
    """Return the first failure if all are of one kind, else the group as it is.

    For `raise` in a plain `except ExceptionGroup`: out of an `except*`, Python before 3.11.4 hands
    on a group, which nobody who waits for the kind catches.
    """
    if failed.split(kind)[1] is not None:
        return failed
    first: Exception = failed
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first
