"""The read API described for programs, with the documents' own schemas."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI

from services.console.shared.documents import Positioned

_REFERENCE = "#/components/schemas/{name}"


def documented(kind: type[Positioned]) -> dict[int | str, dict[str, Any]]:
    """Return what the description says of a route's answer."""
    schema = {"$ref": _REFERENCE.format(name=kind.__name__)}
    return {
        200: {
            "description": "The document, and the position it reflects.",
            "content": {"application/json": {"schema": schema}},
        }
    }


def describe_documents(app: FastAPI) -> None:
    """Have the description of an application hold the schemas of the documents it answers."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            _, schemas = msgspec.json.schema_components(
                Positioned.__subclasses__(), ref_template=_REFERENCE
            )
            document["components"]["schemas"] |= schemas
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it
