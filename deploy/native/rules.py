"""Which modules of the rules are compiled, and what mypyc makes of them."""

from __future__ import annotations

import ast
import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploy.native.compiling import CannotBuild, Extension

_FOLDERS = (
    "projections/books",
    "projections/case_board",
    "projections/receivables",
    "projections/value_tiers",
)
_BESIDE = (
    "events/branch_calendars.py",
    "events/business_time.py",
    "events/calendars.py",
    "events/home.py",
    "events/policy.py",
    "events/public_days.py",
    "events/uses.py",
)
_IN_PYTHON = {"__init__.py", "explain.py", "kept.py", "projection.py", "reports.py"}
"""Only shown, or nothing but types."""

_READS_FIELDS = {"NamedTuple", "Struct"}
_GROUP = "touchstone_rules"
_OPTIONS = ("--config-file=", "--strict", "--explicit-package-bases")


def modules(root: Path) -> tuple[str, ...]:
    """Return the files that are compiled, relative to the root.

    None with a class that is told something beside its bases: mypyc drops such words in silence,
    and a struct that should be frozen is not.
    """
    found = (*_BESIDE, *_in_folders(root))
    return tuple(file for file in found if not any(one.keywords for one in _classes(root / file)))


def _classes(file: Path) -> list[ast.ClassDef]:
    tree = ast.parse(file.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _in_folders(root: Path) -> Iterator[str]:
    for folder in _FOLDERS:
        for file in sorted((root / folder).glob("*.py")):
            if file.name not in _IN_PYTHON:
                yield f"{folder}/{file.name}"


def field_types(root: Path) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the types of fields as the sources have them, by module and class.

    Of the classes that stay ordinary ones: those made by a base that reads its fields' types.
    """
    return {
        file.removesuffix(".py").replace("/", "."): {
            node.name: {
                line.target.id: ast.unparse(line.annotation)
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            }
            for node in _classes(root / file)
            if _made_of_fields(node)
        }
        for file in modules(root)
    }


def _made_of_fields(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in _READS_FIELDS for base in node.bases)


def extensions(root: Path, target: Path) -> Sequence[Extension]:
    """Write the C of the rules below `target`; return what is to be compiled of it.

    In many files: they are compiled side by side, and none takes much memory. Optimised once
    and not twice: -O2 takes half as long again to compile.

    Raises: CannotBuild.
    """
    try:
        from mypyc.build import mypycify
    except ImportError as error:
        raise CannotBuild(f"mypyc is not there ({error}): run `make native`") from error
    said = io.StringIO()
    before = Path.cwd()
    os.chdir(root)  # mypyc names modules by where they lie
    try:
        with contextlib.redirect_stdout(said):
            made = mypycify(
                [*_OPTIONS, *modules(root)],
                opt_level="1",
                debug_level="0",
                multi_file=True,
                target_dir=str(target),
                group_name=_GROUP,
            )
    except SystemExit as error:
        raise CannotBuild(f"mypyc refuses the rules:\n{said.getvalue()}") from error
    finally:
        os.chdir(before)
    return [
        Extension(
            one.name,
            tuple(root / source for source in one.sources),
            (*one.extra_compile_args, *(f"-I{folder}" for folder in one.include_dirs)),
        )
        for one in made
    ]
