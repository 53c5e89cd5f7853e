"""CloudEvents 1.0 attributes as Kafka headers (binary mode), and an example of them."""

from typing import NamedTuple

from services.schemas.files import SchemaId

_INSTANT = "date-time"


class _Header(NamedTuple):
    """One header: what it says, an example, its format, and whether it is always there."""

    about: str
    example: str
    format: str | None = None
    always: bool = True


_HEADERS = {
    "ce_specversion": _Header("The version of CloudEvents.", "1.0"),
    "ce_id": _Header(
        "UUID of the event: the sender's, or made of source and the sender's id.",
        "019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11",
        "uuid",
    ),
    "ce_source": _Header(
        "What numbers the event: /branches/B/device, or the stream of a case (/cases/ID) or "
        "customer (/customers/ID).",
        "/branches/SH-01/till-3",
    ),
    "ce_type": _Header("The touchpoint's name in the catalogue.", ""),
    "ce_time": _Header(
        "The branch device's clock when it happened.", "2026-03-02T01:30:00.250000Z", _INSTANT
    ),
    "ce_subject": _Header(
        "The customer; none if the touchpoint belongs to its branch alone.", "C-1001", None, False
    ),
    "ce_dataschema": _Header("The schema that wrote the value.", "", "uri-reference"),
    "ce_branchid": _Header("The branch that published it.", "SH-01"),
    "ce_sequence": _Header("The source's own counter, from 1; 0: it keeps none.", "42"),
    "ce_sourceepoch": _Header("Raised when a source starts numbering anew.", "1"),
    "ce_senttime": _Header(
        "The branch device's clock when it sent.", "2026-03-02T01:30:02Z", _INSTANT, False
    ),
    "ce_collectedtime": _Header(
        "The receiving side's clock at that moment.", "2026-03-02T01:30:02Z", _INSTANT, False
    ),
    "ce_effectivetime": _Header(
        "When it counts, fixed at first acceptance: collectedtime - (senttime - time), or time.",
        "2026-03-02T01:30:00.250000Z",
        _INSTANT,
    ),
    "ce_recordedtime": _Header(
        "When the gateway accepted it; never decreasing within a partition.",
        "2026-03-02T01:30:02.100000Z",
        _INSTANT,
    ),
    "ce_correlationid": _Header("What the event belongs to.", "visit-7", None, False),
    "ce_causationid": _Header("The event that led to it.", "", "uuid", False),
    "ce_traceparent": _Header("W3C Trace Context of the request.", "", None, False),
    "ce_tracestate": _Header("W3C Trace Context of vendors.", "", None, False),
}


def headers_schema() -> dict[str, object]:
    """Return the JSON schema of a touchpoint's headers."""
    properties: dict[str, object] = {}
    for name, header in _HEADERS.items():
        described = {"type": "string", "description": header.about}
        if header.format:
            described["format"] = header.format
        properties[name] = described
    return {
        "type": "object",
        "description": "CloudEvents 1.0 attributes in Kafka's binary mode, as UTF-8 text.",
        "required": [name for name, header in _HEADERS.items() if header.always],
        "properties": properties,
    }


def headers_example(schema: SchemaId) -> dict[str, str]:
    """Return the headers that a touchpoint of a schema may travel with."""
    given = {name: header.example for name, header in _HEADERS.items() if header.example}
    family, _, word = schema[0].partition(".")
    given["ce_type"] = schema[0]
    given["ce_dataschema"] = f"/schemas/{family}/{word}.v{schema[1]}.avsc"
    return given
