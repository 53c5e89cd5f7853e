"""Writes schemas and golden bytes that are missing; what is published is never written again."""

from collections.abc import Iterable, Mapping
from operator import itemgetter

import msgspec

import schemas
from events.avro import schema_of
from events.codec import fingerprint
from events.touchpoints import TYPES, Touchpoint
from schemas import AvroSchema
from services.schemas.compatibility import unreadable
from services.schemas.errors import AlreadyPublished, Incompatible, SameFingerprint
from services.schemas.files import SchemaId, label, schema_path, write_once
from services.schemas.golden import golden_of, golden_path
from services.schemas.reading import misread


def meaning(schema: object) -> object:
    """Return a schema without its prose: a better sentence is no new version."""
    if isinstance(schema, Mapping):
        return {key: meaning(value) for key, value in schema.items() if key != "doc"}
    if isinstance(schema, list):
        return [meaning(item) for item in schema]
    return schema


def refuse_same_fingerprint(known: Iterable[tuple[SchemaId, AvroSchema]]) -> None:
    """Refuse schemas whose bytes no reader could tell apart. Raises: SameFingerprint."""
    seen: dict[bytes, SchemaId] = {}
    for schema_id, schema in known:
        other = seen.setdefault(fingerprint(schema), schema_id)
        if other != schema_id:
            raise SameFingerprint(label(schema_id), label(other))


def refuse_incompatible(known: Iterable[tuple[SchemaId, AvroSchema]]) -> None:
    """Refuse an event type whose versions do not all say the same. Raises: Incompatible.

    The latest reads what each other wrote as we read; and any version reads what any other wrote
    as they do who take our topics in with another's reader, which resolves schemas.
    """
    by_name: dict[str, list[tuple[SchemaId, AvroSchema]]] = {}
    for schema_id, schema in known:
        by_name.setdefault(schema_id[0], []).append((schema_id, schema))
    for name, versions in by_name.items():
        (_, latest), schema = max(versions, key=itemgetter(0))
        for (_, version), written in versions:
            reasons = misread(name, (latest, schema), (version, written))
            if reasons:
                raise Incompatible(label((name, latest)), label((name, version)), reasons)
        for reader_id, reader in versions:
            for writer_id, writer in versions:
                reasons = unreadable(reader, writer)
                if reasons:
                    raise Incompatible(label(reader_id), label(writer_id), reasons)


def refuse_changed(touchpoint: type[Touchpoint], published: AvroSchema) -> None:
    """Refuse a type that no longer is what its version published. Raises: AlreadyPublished."""
    if meaning(schema_of(touchpoint)) != meaning(published):
        raise AlreadyPublished(touchpoint.event_type, touchpoint.version)


def publish(touchpoints: Iterable[type[Touchpoint]] = TYPES) -> tuple[str, ...]:
    """Write the schemas and golden bytes that are missing; return the schemas written.

    One refusal, and no schema is written.

    Raises: AlreadyPublished, SameFingerprint, Incompatible.
    """
    known = {schema_id: schemas.load(*schema_id) for schema_id in schemas.published()}
    missing: dict[SchemaId, AvroSchema] = {}
    for touchpoint in touchpoints:
        schema_id = (touchpoint.event_type, touchpoint.version)
        if schema_id in known:
            refuse_changed(touchpoint, known[schema_id])
        else:
            missing[schema_id] = schema_of(touchpoint)
    refuse_same_fingerprint([*known.items(), *missing.items()])
    refuse_incompatible([*known.items(), *missing.items()])
    for schema_id, schema in missing.items():
        write_once(schema_path(schema_id), schema)
    schemas.load.cache_clear()
    schemas.published.cache_clear()
    for touchpoint in touchpoints:
        path = golden_path((touchpoint.event_type, touchpoint.version))
        if not path.exists():
            write_once(path, msgspec.to_builtins(golden_of(touchpoint)))
    return tuple(label(schema_id) for schema_id in missing)
