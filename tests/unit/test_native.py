"""Compiled parts run where they are wanted and of these sources, and nowhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

from deploy.native import build, compiling, rules
from deploy.native.build import ROOT
from events.codec import compiled_reader as chosen_reader
from services import native
from services.errors import UsageError
from services.projector.code import code_digest
from services.settings import settings

_ASKED = """
import os, sys
from pathlib import Path
from services import native

builds, wanted, first = sys.argv[1:]
os.environ[native.VARIABLE] = wanted
native.builds = lambda: Path(builds)
native.choose.cache_clear()
if first:
    __import__(first)
chosen = native.choose()
if first:
    print(chosen)
else:
    from events.codec import compiled_reader
    print(chosen, compiled_reader() is not None, sep="|")
"""


def _asked(builds: Path, wanted: str, first: str = "") -> str:
    """What a new process runs compiled, and whether that is so."""
    done = subprocess.run(
        [sys.executable, "-c", _ASKED, str(builds), wanted, first],
        env={**os.environ, native.VARIABLE: "0"},
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return done.stdout.strip()


@pytest.fixture
def built(compiled_reader: ModuleType, tmp_path: Path) -> Path:
    """A build of these sources."""
    assert compiled_reader.__file__ is not None
    folder = tmp_path / native.build_name()
    shutil.copytree(Path(compiled_reader.__file__).parent, folder / "events")
    (folder / native.FIELD_TYPES).write_text("{}")
    return folder


@pytest.mark.native
@pytest.mark.parametrize(("wanted", "chosen"), [("auto", "reader|True"), ("0", "none|False")])
def test_what_is_built_runs_unless_it_is_not_wanted(built: Path, wanted: str, chosen: str) -> None:
    assert _asked(built.parent, wanted) == chosen


@pytest.mark.native
def test_what_was_built_of_other_sources_does_not_run(built: Path) -> None:
    built.rename(built.with_name("0123456789abcdef-cpython-311"))

    assert _asked(built.parent, "auto") == "out of date: run make native|False"


@pytest.mark.parametrize(
    "changed",
    ["events/money.py", "events/compiled_reader.c", "deploy/native/rules.py", "native.lock"],
)
def test_other_sources_and_another_way_of_compiling_are_another_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str
) -> None:
    for name in ("events", "projections", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("jars"))
    shutil.copy(ROOT / "native.lock", tmp_path)
    before = native.build_name()
    monkeypatch.setattr(native, "_SOURCES", tmp_path)
    assert native.build_name() == before
    with (tmp_path / changed).open("a") as file:
        file.write("\n")
    assert native.build_name() != before


def test_what_a_build_that_was_killed_left_is_no_build_and_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = tmp_path / ".building-x"
    (left / "made").mkdir(parents=True)
    monkeypatch.setattr(native, "builds", lambda: tmp_path)
    assert str(native.choose.__wrapped__()) == "none"

    (tmp_path / native.build_name()).mkdir()
    assert build.main() == 0

    assert not left.exists()


def test_sources_that_change_while_they_are_compiled_are_no_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = iter(["before", "after"])
    monkeypatch.setattr(native, "builds", lambda: tmp_path)
    monkeypatch.setattr(native, "build_name", lambda: next(names))
    monkeypatch.setattr(build, "check_compiler", lambda: None)
    monkeypatch.setattr(build, "compile_into", lambda *_: None)
    monkeypatch.setattr("deploy.native.rules.extensions", lambda *_: [])

    assert build.main() == 1
    assert "the sources changed" in capsys.readouterr().err
    assert native.whole_builds() == []


@pytest.mark.native
def test_nothing_is_compiled_by_halves(built: Path) -> None:
    """One module of a build that was imported from its source before keeps all others out."""
    suffix = next(built.rglob("*.so")).name.removeprefix("compiled_reader")
    (built / "events" / f"money{suffix}").touch()

    assert _asked(built.parent, "auto", "events.money") == "none"


def test_without_a_build_all_is_plain(tmp_path: Path) -> None:
    assert _asked(tmp_path, "auto") == "none|False"
    assert _asked(tmp_path / "nowhere", "auto") == "none|False"


def test_this_process_runs_what_it_says_it_runs() -> None:
    assert (chosen_reader() is not None) == ("reader" in native.choose().parts)
    if os.environ.get(native.VARIABLE) == "1":
        assert native.choose().parts == tuple(native.PARTS.values())


@pytest.mark.parametrize("module", [*rules.field_types(ROOT)])
def test_a_compiled_class_says_of_its_fields_what_its_source_says(module: str) -> None:
    for name, fields in rules.field_types(ROOT)[module].items():
        types = get_type_hints(getattr(import_module(module), name), include_extras=True)

        assert fields.keys() <= types.keys()
        assert [field for field, told in types.items() if told is type] == []


def test_a_build_that_must_run_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.settings.choose", lambda: native.Native(out_of_date=True))
    monkeypatch.setenv(native.VARIABLE, "1")
    settings.cache_clear()
    with pytest.raises(UsageError, match=r"^TOUCHSTONE_NATIVE: .* run `make native`$"):
        settings()


@pytest.mark.parametrize("given", ["yes", "", "2"])
def test_another_wish_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(native.VARIABLE, given)
    settings.cache_clear()
    with pytest.raises(UsageError, match=r"^TOUCHSTONE_NATIVE: "):
        settings()


def test_what_others_kept_is_not_trusted_by_what_runs_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digests = set()
    for chosen in (native.Native(), native.Native(("reader",)), native.Native(("rules",))):
        monkeypatch.setattr("services.projector.code.choose", lambda chosen=chosen: chosen)
        digests.add(code_digest.__wrapped__())
    assert len(digests) == 3


def test_a_machine_without_a_compiler_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    with pytest.raises(compiling.CannotBuild, match=r"no-such-compiler is not there.*apt install"):
        compiling.check_compiler()


@pytest.mark.native
def test_what_the_compiler_refuses_is_shown(compiled_reader: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("#error nobody compiles this\n")
    wrong = compiling.Extension("events.wrong", (source,), ())
    with pytest.raises(compiling.CannotBuild, match="nobody compiles this"):
        compiling.compile_into(tmp_path, [wrong], tmp_path / "objects")
    assert not list(tmp_path.rglob("*.so"))
