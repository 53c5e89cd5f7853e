"""A branch's publish is one trace, from its own span to the rows that it changed, on both logs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from services import tracing
from services.settings import Settings
from tests.support.gateway import payment_event
from tests.support.modes import EITHER, catch_up, chosen_log
from tests.support.operated import asked_platform

TRACE, BRANCHS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OWN_TRACE, OWN_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(HTTPServer):
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Span] = []


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}"
        )
        yield collector
        collector.shutdown()
        thread.join()


@pytest.mark.postgres
@pytest.mark.parametrize("way", EITHER)
async def test_a_publish_is_joined_to_the_rows_it_changed(
    way: str, request: pytest.FixtureRequest, database: str, tmp_path: Path, collector: Collector
) -> None:
    given = Settings(dsn=database, data=tmp_path)
    request.param = way
    async with chosen_log(request, given) as settings, asked_platform(settings) as asked:
        with tracing.traced("touchstone-test"):
            header = {"traceparent": f"00-{TRACE}-{BRANCHS_SPAN}-01"}
            assert (await asked.publish_one(payment_event(1), **header)).status_code == 201
            own = payment_event(2, traceparent=f"00-{OWN_TRACE}-{OWN_SPAN}-01")
            assert (await asked.publish_one(own)).status_code == 201
            await catch_up(asked.platform, settings)
    spans = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    by_name = {span.name: span for span in spans}
    request_span, append = by_name["POST /api/v1/events"], by_name["append"]
    assert request_span.parent_span_id.hex() == BRANCHS_SPAN
    assert append.parent_span_id == request_span.span_id
    row = by_name["project receivables"]
    assert row.parent_span_id == append.span_id
    told = {one.key: one.value for one in row.attributes}
    assert told["touchstone.event_id"].string_value == str(payment_event(1)["id"])
    assert [one.string_value for one in told["touchstone.rows"].array_value.values] != []
    [own_row] = [s for s in collector.spans if s.name == row.name and s.trace_id.hex() == OWN_TRACE]
    assert own_row.parent_span_id.hex() == OWN_SPAN
    everything = b"".join(span.SerializeToString() for span in collector.spans)
    assert b"C-1001" not in everything, "whose rows they are is told by the event alone"


async def test_nothing_is_followed_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with tracing.traced("touchstone-test"), tracing.span("append") as span:
        assert (tracing.is_on(), span.traceparent) == (False, None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.asked_for()
