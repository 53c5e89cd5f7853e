"""The contract on the wire: Avro schemas, golden bytes, the AsyncAPI document. No logic.

`<family>/<name>.v<version>.avsc` is one published schema and `golden/` keeps, for each, samples
and their exact bytes. Neither is ever changed once published: a change is a new version.
"""

import json
from functools import cache
from importlib.resources import files

AvroSchema = dict[str, object]
"""An Avro schema as parsed JSON; to be read, never changed."""


@cache
def load(name: str, version: int) -> AvroSchema:
    """Return the published schema of an event type's version. Raises: FileNotFoundError."""
    family, _, word = name.partition(".")
    source = files(__name__).joinpath(family, f"{word}.v{version}.avsc")
    schema: AvroSchema = json.loads(source.read_text("utf-8"))
    return schema


@cache
def published() -> tuple[tuple[str, int], ...]:
    """Return the name and version of every schema ever published, in order."""
    found = []
    for family in files(__name__).iterdir():
        if family.is_dir():
            for entry in family.iterdir():
                stem, dot, suffix = entry.name.rpartition(".")
                if dot and suffix == "avsc":
                    word, _, version = stem.rpartition(".v")
                    found.append((f"{family.name}.{word}", int(version)))
    return tuple(sorted(found))
