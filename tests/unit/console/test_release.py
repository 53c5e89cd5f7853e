"""What names a release of the console: its code, templates, texts and statements."""

from pathlib import Path

from services.console.shared.release import _files, release


def test_a_release_has_one_name() -> None:
    assert release() == release()
    assert len(release()) == 12


def test_code_templates_statements_and_styles_are_in_it(tmp_path: Path) -> None:
    for name in ("a.py", "b.html", "c.sql", "d.css", "e.js", "f.mo", "notes.txt", "a.pyc"):
        (tmp_path / name).write_text(name)
    (tmp_path / "topic").mkdir()
    (tmp_path / "topic" / "g.html").write_text("g")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "h.py").write_text("h")
    named = [file.name for file in _files(tmp_path)]
    assert named == ["a.py", "b.html", "c.sql", "d.css", "e.js", "f.mo", "g.html"]
