"""Where the contract's files lie, and how they are written: once, for ever."""

import json
from pathlib import Path

import schemas
from schemas import AvroSchema

FOLDER = Path(schemas.__file__).parent
"""Publishing is done in a checkout of the source; an installed contract is only read."""

SchemaId = tuple[str, int]
"""An event type's name and a schema version."""


def label(schema: SchemaId) -> str:
    """Return how messages name a schema."""
    return f"{schema[0]} v{schema[1]}"


def schema_path(schema: SchemaId) -> Path:
    """Return the file of a schema."""
    family, _, word = schema[0].partition(".")
    return FOLDER / family / f"{word}.v{schema[1]}.avsc"


def write_once(path: Path, content: AvroSchema) -> None:
    """Write a file of the contract. Raises: FileExistsError."""
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
