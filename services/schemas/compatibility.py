"""Whether one schema can read what another wrote, by the resolution rules of Apache Avro.

Ours does not resolve (services.schemas.reading says what it does). Whoever reads our topics with
a library that does, keeps the schema it was built with; this is for them.
"""

import json

from avro.compatibility import ReaderWriterCompatibilityChecker
from avro.schema import parse

from schemas import AvroSchema


def unreadable(reader: AvroSchema, writer: AvroSchema) -> tuple[str, ...]:
    """Return why `reader` cannot read what `writer` wrote; nothing when it can."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(parse(json.dumps(reader)), parse(json.dumps(writer)))
    places = ", ".join(sorted(result.locations))
    return tuple(
        f"{kind.value.replace('_', ' ')} at {places} ({', '.join(sorted(result.messages))})"
        for kind in dict.fromkeys(result.incompatibilities)
    )
