"""Traces by OpenTelemetry, where its standard variables ask for them; else nothing is loaded.

OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) switches them on, and the
SDK's other variables say the rest. A publish is one trace: the request, the append, and for each
event and projection the batch in which it was taken in. An event carries where it belongs as its
`traceparent`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

Attributes = Mapping[str, str | int | Sequence[str]]

_PARENT = "traceparent"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class _On:
    """What is there while traces are on."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self.tracer: Tracer = provider.get_tracer("touchstone")


_on: _On | None = None


def asked_for() -> bool:
    """Tell whether the environment asks for traces."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    return exporter == "otlp" and any(os.environ.get(name) for name in _ENDPOINTS)


@contextmanager
def traced(service: str) -> Iterator[None]:
    """Send what happens meanwhile to a collector, if the environment asks for it.

    What a collector that is away does not take is let go; work never waits for it.
    """
    global _on  # noqa: PLW0603 - one for the process, as its metrics are
    if not asked_for():
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", service)
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _on = _On(provider)
    try:
        yield
    finally:
        _on = None
        provider.shutdown()  # what waits is sent first


def is_on() -> bool:
    """Tell whether anybody follows."""
    return _on is not None


class Span:
    """A piece of work that is followed, or is not."""

    def __init__(self, traceparent: str | None = None) -> None:
        self.traceparent = traceparent
        self.name = ""
        self.attributes: dict[str, str | int | Sequence[str]] = {}


_NOBODYS = Span()


@contextmanager
def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    parent: Mapping[str, str] | None = None,
    is_server: bool = False,
) -> Iterator[Span]:
    """Follow a piece of work, under the one around it or under the one that `parent` names.

    What the work learns on its way it may put into the span's name and attributes.
    """
    if _on is None:
        yield _NOBODYS if not is_server else Span()
        return
    from opentelemetry.trace import SpanKind

    kind = SpanKind.SERVER if is_server else SpanKind.INTERNAL
    context = None if parent is None else _context(parent)
    with _on.tracer.start_as_current_span(
        name, context, kind, attributes, record_exception=False
    ) as following:
        found = Span(_here())
        yield found
        following.set_attributes(found.attributes)
        if found.name:
            following.update_name(found.name)


def happened(name: str, traceparent: str, begun_ns: int, attributes: Attributes) -> None:
    """Tell of work that is done, under the span that `traceparent` names."""
    if _on is not None:
        context = _context({_PARENT: traceparent})
        _on.tracer.start_span(name, context, attributes=attributes, start_time=begun_ns).end()


def now_ns() -> int:
    """Return the instant by which spans are dated."""
    return time_ns()


def _context(carrier: Mapping[str, str]) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(carrier, Context())


def _here() -> str | None:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(_PARENT)
