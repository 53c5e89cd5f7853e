"""Compiled parts in the place of their sources, where `make native` has built them.

They are built of the same sources and give the same answers, sooner. A build lies in a folder
named after the digest of its sources and of how they are compiled, the Python and the machine it
is for, so one that is out of date is never found. Which modules are compiled is settled once, when
`services` is first imported.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

VARIABLE = "TOUCHSTONE_NATIVE"

PARTS: Mapping[str, str] = {
    "events.compiled_reader": "reader",
    "projections.books.ledger": "rules",
}
"""What a part is called, by a module that tells whether it was built."""

FIELD_TYPES = "field_types.json"
"""A file of a build: of each compiled module and class, the types of fields as the source has them.

mypyc makes `type` of whatever is no plain class, and msgspec would decode by that.
"""

NOT_BUILT = "the native parts are not there for the sources as they are: run `make native`"

_SOURCES = Path(__file__).resolve().parent.parent
_COMPILED_OF = ("events", "projections")
_COMPILED_BY = ("deploy/native", "native.lock")  # how, and with which compiler of the rules


class Native(NamedTuple):
    """What runs compiled in this process, and what `make native` left for another code."""

    parts: tuple[str, ...] = ()
    out_of_date: bool = False

    def __str__(self) -> str:
        if self.out_of_date:
            return "out of date: run make native"
        return ", ".join(self.parts) or "none"


def builds() -> Path:
    """Return the folder that holds a folder for each build."""
    return Path(sys.prefix, "touchstone-native")


def sources_digest() -> str:
    """Return a digest of what is compiled, or decides what is compiled of it."""
    digest = sha256()
    for place in (*_COMPILED_OF, *_COMPILED_BY):
        told = _SOURCES / place
        for source in sorted(told.rglob("*")) if told.is_dir() else [told]:
            if source.suffix in (".py", ".c", ".lock") and source.is_file():
                digest.update(source.relative_to(_SOURCES).as_posix().encode() + b"\0")
                digest.update(source.read_bytes() + b"\0")
    return digest.hexdigest()


def build_name() -> str:
    """Return the name of the folder that a build of the sources as they are has."""
    return f"{sources_digest()[:16]}-{sysconfig.get_config_var('SOABI')}"


def whole_builds() -> Sequence[Path]:
    """Return the folders of builds, of any sources; not what one that was killed left."""
    if not builds().is_dir():
        return []
    return [folder for folder in builds().iterdir() if not folder.name.startswith(".")]


_FieldTypes = Mapping[str, Mapping[str, str]]  # by class and field


class _Finder(MetaPathFinder):
    """Finds a module where it was compiled, and sees to what its classes say of their fields.

    Compiled modules load each other without asking, so whatever is there by now is seen to before
    anything else is loaded that could look at it, and after.
    """

    def __init__(self, files: Mapping[str, Path], types: Mapping[str, _FieldTypes]) -> None:
        self._files = files
        self._types = {module: classes for module, classes in types.items() if classes}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        self.give_types()
        file = self._files.get(fullname)
        if file is None:
            return None
        loader = _Loader(fullname, str(file), self)
        return spec_from_file_location(fullname, file, loader=loader)

    def give_types(self) -> None:
        """Let the classes that are there say of their fields what the sources say."""
        for name, classes in list(self._types.items()):
            module = vars(sys.modules[name]) if name in sys.modules else {}
            if classes.keys() <= module.keys():
                for made, types in classes.items():
                    module[made].__annotations__ = dict(types)
                del self._types[name]


class _Loader(ExtensionFileLoader):
    """Loads a compiled module."""

    def __init__(self, fullname: str, path: str, finder: _Finder) -> None:
        super().__init__(fullname, path)
        self._finder = finder

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self._finder.give_types()


def _compiled(folder: Path) -> Iterator[tuple[str, Path]]:
    suffix = EXTENSION_SUFFIXES[0]
    for file in folder.rglob(f"*{suffix}"):
        yield ".".join(file.relative_to(folder).parts).removesuffix(suffix), file


def _field_types(file: Path) -> Mapping[str, _FieldTypes]:
    found: Mapping[str, _FieldTypes] = json.loads(file.read_text("utf-8"))
    return found


@cache
def choose() -> Native:
    """Have compiled modules imported from now on, if they are wanted and up to date.

    Not if one of them was imported from its source already: a half of each would be neither.
    """
    if os.environ.get(VARIABLE) == "0" or not builds().is_dir():
        return Native()
    folder = builds() / build_name()
    files = dict(_compiled(folder))
    if not files:
        return Native(out_of_date=bool(whole_builds()))
    if files.keys() & sys.modules.keys():
        return Native()
    sys.meta_path.insert(0, _Finder(files, _field_types(folder / FIELD_TYPES)))
    return Native(tuple(part for module, part in PARTS.items() if module in files))
