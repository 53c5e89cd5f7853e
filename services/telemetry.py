"""Logging at the edges: a constant event name plus fields, no personal data."""

import logging
from collections.abc import Callable

import structlog

from services.errors import Unavailable
from services.standard_streams import UNFAILING_ERR

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def log_as_json(make_logger: Callable[..., object]) -> None:
    """Log JSON lines by loggers that are made so."""
    structlog.configure(
        processors=[
            *_SHARED,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=make_logger,
    )


def configure_logging() -> None:
    """Log to standard error: for people on a terminal, as JSON lines elsewhere."""
    for_people = UNFAILING_ERR.isatty()
    # Plain tracebacks: others would show local variables, and with them personal data.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            *_SHARED,
            *([] if for_people else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(UNFAILING_ERR),
    )
    logging.basicConfig(level=logging.WARNING, stream=UNFAILING_ERR)
    quieten("asyncpg", relay=_OfTheDatabase())


class _Relayed(logging.Handler):
    """Hands what a library logs on to the platform's own log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record under the library's name."""
        structlog.get_logger(record.name).log(
            record.levelno,
            "library_says",
            library=record.name,
            said=record.getMessage(),
            exc_info=record.exc_info or False,
        )


class _OfTheDatabase(_Relayed):
    """The same for asyncpg: that the database is away is no bug, so there is no traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record; one of a lost connection in a line that says what is away."""
        error = record.exc_info[1] if record.exc_info else None
        away = error and _away(error)
        if away is None:
            super().emit(record)
            return
        structlog.get_logger(record.name).log(
            record.levelno, "database_away", reason=str(away), said=record.getMessage()
        )


def _away(error: BaseException) -> Unavailable | None:
    """Return what a failure means if it is that the database is away."""
    from services.postgres.pool import translated  # asyncpg is loaded already if it logs

    try:
        with translated():
            raise error
    except Unavailable as away:
        return away
    except type(error):
        return None


def quieten(*libraries: str, relay: logging.Handler | None = None) -> None:
    """Have libraries say only what is a warning or worse, in the form of the platform's log."""
    for name in libraries:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers = [relay or _Relayed()]
        logger.propagate = False
