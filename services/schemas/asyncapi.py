"""The AsyncAPI 3 document: every channel and message of the platform, made from the catalogue."""

from collections.abc import Mapping
from typing import cast

import msgspec
import yaml

import schemas
from events.notices import AlertNotice, ChangeNotice, CheckpointNotice, QuarantineNotice
from events.partitioning import PARTITIONS
from events.touchpoints import ReferenceTouchpoint, Touchpoint, touchpoint_type
from services.schemas.files import FOLDER, SchemaId
from services.schemas.golden import load_golden
from services.schemas.headers import headers_example, headers_schema

ASYNCAPI_FILE = FOLDER / "asyncapi.yaml"

AVRO_FORMAT = "application/vnd.apache.avro+json;version=1.9.0"
AVRO_CONTENT = "application/avro"
KEEP_FOR_EVER = -1

Node = dict[str, object]
"""A node of the document."""

CONTRACT_VERSION = "1.0.0"
"""Of the document's form; each message has its schema's own version."""

_ABOUT = """\
What branches publish and what the platform tells, as topics of a Kafka cluster. Without Kafka
the same events lie in the platform's own log and are published over HTTP.

Touchpoints follow CloudEvents 1.0 in Kafka's binary mode. The value is Avro single-object
encoding: C3 01, the CRC-64-AVRO fingerprint of the writer's schema (little endian), the body.
Read with the schema that the fingerprint names; all that were ever published are below, and old
ones stay. Words of closed lists travel as strings. A schema never changes: look for its next
version.
"""

_NOTICES: Mapping[str, tuple[type[msgspec.Struct], str]] = {
    "quarantine": (QuarantineNotice, "Events that were not accepted, and why."),
    "changes": (ChangeNotice, "Which customers' rows changed. Lossy; the rows are the truth."),
    "alerts": (AlertNotice, "The alert journal: alerts raised, taken care of and withdrawn."),
    "checkpoints": (CheckpointNotice, "Merkle tree heads, for whoever proves the log unaltered."),
}


class _PlainDumper(yaml.SafeDumper):
    """Spells everything out: an anchor would tie unrelated messages to each other."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    """Return text of several lines as a block, as a person would write it."""
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_PlainDumper.add_representer(str, _text)


def document_text() -> str:
    """Return the document as YAML; equal for equal schemas and golden bytes."""
    return yaml.dump(
        document(), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100
    )


def document() -> Node:
    """Return the AsyncAPI 3.0 document."""
    touchpoints = {_message_id(schema_id): schema_id for schema_id in schemas.published()}
    notices, notice_schemas = _notices()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Touchstone", "version": CONTRACT_VERSION, "description": _ABOUT},
        "defaultContentType": AVRO_CONTENT,
        "channels": _channels(touchpoints),
        "operations": {
            f"send_{channel}": {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}
            for channel in ("touchpoints", "policies", *_NOTICES)
        },
        "components": {
            "messages": {
                **{name: _touchpoint_message(found) for name, found in touchpoints.items()},
                **notices,
            },
            "schemas": {"touchpointHeaders": headers_schema(), **notice_schemas},
        },
    }


def _message_id(schema: SchemaId) -> str:
    return f"{schema[0].replace('.', '_')}_v{schema[1]}"


def _is_reference(schema: SchemaId) -> bool:
    return issubclass(touchpoint_type(schema[0]), ReferenceTouchpoint)


def _channels(touchpoints: Mapping[str, SchemaId]) -> Node:
    customers = [name for name, schema in touchpoints.items() if not _is_reference(schema)]
    policies = [name for name, schema in touchpoints.items() if _is_reference(schema)]
    channels: Node = {
        "touchpoints": _channel(
            "touchpoints.g1",
            "Touchpoints of customers, generation 1 (a move of the log opens the next); keyed by "
            "customer (or else by branch), so that one customer's facts keep their order. Never "
            "given more partitions.",
            customers,
            PARTITIONS,
        ),
        "policies": _channel(
            "policies.g1",
            "Policies and reference data, generation 1; in one order for the whole company.",
            policies,
            1,
        ),
    }
    for name, (notice, about) in _NOTICES.items():
        channels[name] = _channel(name, about, [notice.__name__], None)
    return channels


def _channel(address: str, about: str, messages: list[str], partitions: int | None) -> Node:
    channel: Node = {
        "address": address,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    if partitions is not None:
        channel["bindings"] = {
            "kafka": {
                "partitions": partitions,
                "topicConfiguration": {"retention.ms": KEEP_FOR_EVER},
                "bindingVersion": "0.5.0",
            }
        }
    return channel


def _touchpoint_message(schema: SchemaId) -> Node:
    """Return the message of one schema version; its examples are the golden samples."""
    name, version = schema
    touchpoint: type[Touchpoint] = touchpoint_type(name)
    avro = schemas.load(name, version)
    everything, least = load_golden(schema).samples
    headers = headers_example(schema)
    return {
        "name": name,
        "title": f"{avro['name']} v{version}",
        "summary": avro["doc"],
        "contentType": AVRO_CONTENT,
        "headers": {
            "type": "object",
            "allOf": [
                {"$ref": "#/components/schemas/touchpointHeaders"},
                {"properties": {"ce_type": {"const": name}}},
            ],
        },
        "payload": {"schemaFormat": AVRO_FORMAT, "schema": avro},
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
        "examples": [
            {
                "name": "everything",
                "summary": "All that it can say; the fields are shown as JSON.",
                "headers": headers,
                "payload": everything.data,
            },
            {
                "name": "least",
                "summary": "Only what it must say; the fields are shown as JSON.",
                "headers": headers,
                "payload": least.data,
            },
        ],
        "x-latest": version == touchpoint.version,
    }


def _notices() -> tuple[Node, Node]:
    """Return the messages and JSON schemas of what the platform itself tells."""
    kinds = [notice for notice, _ in _NOTICES.values()]
    _, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    messages: Node = {
        kind.__name__: {
            "name": kind.__name__,
            "contentType": "application/json",
            "summary": (kind.__doc__ or "").partition("\n")[0],
            "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        }
        for kind in kinds
    }
    return messages, cast(Node, components)
