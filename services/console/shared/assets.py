"""Static files under names that carry their content's hash, so that they never go stale."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/static/"
_SERVED = frozenset({".css", ".js", ".svg"})
_FOR_EVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """One file as it is served."""

    content: bytes
    packed: bytes  # by gzip
    media_type: str


class Assets:
    """The console's static files, read and packed once: they are few and small."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._files: dict[str, Asset] = {}
        for name, file in _walk(files("services.console").joinpath("static")):
            content = file.read_bytes()
            stem, _, suffix = name.rpartition(".")
            served = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self._names[name] = PREFIX + served
            self._files[served] = Asset(content, gzip.compress(content, mtime=0), media_type)

    def url(self, name: str) -> str:
        """Return the address of a file, such as vendor/htmx.min.js. Raises: KeyError."""
        return self._names[name]

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def respond(self, request: Request) -> Response:
        """Return the file that the path names by content; another name is not found."""
        asset = self._files.get(str(request.path_params["name"]))
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        content = asset.content
        if takes_gzip(request):
            content = asset.packed
            headers["Content-Encoding"] = "gzip"
        return Response(content, media_type=asset.media_type, headers=headers)


def takes_gzip(request: Request) -> bool:
    """Return whether whoever asks takes an answer packed by gzip."""
    for one in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = one.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif any(entry.name.endswith(suffix) for suffix in _SERVED):
            yield prefix + entry.name, entry
