"""A company means the same with compiled parts and without."""

from __future__ import annotations

import json

import pytest

from services import native
from tests.support.commands import Run

pytestmark = [pytest.mark.postgres, pytest.mark.native]

_AT = "2026-11-30T09:00:00Z"


@pytest.fixture(autouse=True)
def _built() -> None:
    if not (native.builds() / native.build_name()).is_dir():
        pytest.skip("no native parts of these sources: run `make native`")


def _done(run: Run, *words: str) -> str:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_digests_and_rows_are_the_same_either_way(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(native.VARIABLE, "0")
    _done(run, "simulate", "history", "--customers", "60")
    _done(run, "project", "--once")
    plain = _done(run, "digest", "--at", _AT)
    assert "native: none" in _done(run, "status")

    monkeypatch.setenv(native.VARIABLE, "1")
    assert f"native: {', '.join(native.PARTS.values())}" in _done(run, "status")
    assert _done(run, "digest", "--at", _AT) == plain
    assert "no difference" in _done(run, "verify")
    rebuilt = json.loads(_done(run, "rebuild", "--format", "json"))
    assert rebuilt

    monkeypatch.setenv(native.VARIABLE, "0")
    assert "no difference" in _done(run, "verify")
    assert _done(run, "digest", "--at", _AT) == plain
