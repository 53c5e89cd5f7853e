"""Logging at the edges: a constant event name plus fields, no personal data."""

import logging
import sys

import structlog


def configure_logging() -> None:
    """Log to standard error: for people on a terminal, as JSON lines elsewhere."""
    for_people = sys.stderr.isatty()
    # Plain tracebacks: others would show local variables, and with them personal data.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            *([] if for_people else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


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


def quieten(*libraries: str) -> None:
    """Have libraries say only what is a warning or worse, in the form of the platform's log."""
    for name in libraries:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers = [_Relayed()]
        logger.propagate = False
