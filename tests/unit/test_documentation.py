"""What the documentation names exists: files, headings, commands, options, targets, settings."""

import contextlib
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services import __main__ as program
from services.settings import Settings

ROOT = Path(__file__).parents[2]
_WHERE = ("*.md", "docs/**/*.md", "examples/**/*.md", "findings/*.md", "tests/*.md")
_MAPPINGS = ROOT / "services/importing/mappings/README.md"
PAGES = [*sorted(path for pattern in _WHERE for path in ROOT.glob(pattern)), _MAPPINGS]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
# The program, not the user, path or database of that name.
_CALL = re.compile(r"(?<![\w./:@-])(?<!--username )touchstone(?= [a-z])[^|&<>;()]*")
_WORD = re.compile(r"[a-z][a-z-]*")
_VARIABLE = re.compile(r"TOUCHSTONE_[A-Z_]+[A-Z]")
# Not settings of the platform: of commands, of tests.
_OTHER_VARIABLES = {"BRANCH", "GATEWAY", "KEY", "TEST_KAFKA", "TEST_DSN", "SHARED_DATA"}
# A figure that somebody measured: it belongs beside the command that printed it.
_MEASURED = re.compile(
    r"\d[\d.,]* ?(events/s|/s\b|ms\b|s\b|seconds?|minutes?|hours?|times as|MB|GB|%)"
    r"|(half|quarter of) an hour|about a minute|(one|two|ten|thirty) (second|minute|hour)s?\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", NAMES)
def test_every_link_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target in _LINK.findall(_prose(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), f"{page}: {target} does not exist"
        if heading:
            assert heading in _headings(found), f"{page}: {target} has no such heading"


@pytest.mark.parametrize("page", NAMES)
def test_every_command_of_ours_exists_with_its_options(page: str) -> None:
    for line in _commands((ROOT / page).read_text()):
        words = line.split()
        path, told = _command(tuple(words[1:]))
        options = {word.split("=")[0] for word in words[1:] if re.fullmatch(r"--\w.*", word)}
        asked_further = words[len(path) + 1 :] and _WORD.fullmatch(words[len(path) + 1])
        unknown = not path or ("COMMAND [ARGS]" in told and asked_further)
        assert not unknown, f"{page}: {line}: there is no such command"
        missing = sorted(option for option in options if option not in told)
        assert missing == [], f"{page}: {line}: there is no {missing}"


@pytest.mark.parametrize("page", NAMES)
def test_every_make_target_and_setting_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join([body for _, body in _FENCE.findall(text)] + _INLINE.findall(text))
    assert set(re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)) <= targets
    known = {name.upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    named = {name.removeprefix("TOUCHSTONE_") for name in _VARIABLE.findall(text)}
    assert named - known == set()


def test_every_setting_is_explained_with_its_default() -> None:
    text = (ROOT / "docs/howto/settings.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = f"TOUCHSTONE_{name.upper()}"
        rows = [line for line in text.splitlines() if line.startswith(f"| `{variable}` |")]
        assert len(rows) == 1, f"{variable} has {len(rows)} rows"
        default = field.get_default()
        if isinstance(default, str | int | float) and default != "":
            shown = f"{default:g}" if isinstance(default, float) else str(default).lower()
            shown = default if isinstance(default, str) else shown
            assert rows[0].endswith(f"| `{shown}` |"), variable


def test_the_readme_is_short_and_measures_nothing() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) < 200
    found = [m.group() for m in _MEASURED.finditer(_prose(text))]
    assert found == [], "figures stand in docs/performance.md, beside the command that printed them"


def test_the_map_names_every_room() -> None:
    text = (ROOT / "README.md").read_text()
    rooms = {f"services/{path.parent.name}/" for path in ROOT.glob("services/*/__init__.py")}
    named = set(re.findall(r"`(services/\w+/)`", text))
    assert (rooms - named, named - rooms) == (set(), set())


def test_decisions_are_numbered_dated_and_say_why() -> None:
    files = sorted(path for path in (ROOT / "docs/decisions").iterdir() if path.name != "README.md")
    numbers = [path.name[:5] for path in files]
    assert len(numbers) == len(set(numbers)), "two decisions have one number"
    for path in files:
        text = path.read_text()
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name), path.name
        assert text.startswith("# "), f"{path.name} has no title"
        assert re.search(r"\b20\d\d-\d\d-\d\d\b", text), f"{path.name} has no date"


def test_a_command_that_is_not_there_is_seen() -> None:
    assert _command(("policy", "invent", "--boldly"))[0] == ("policy",)
    assert "--boldly" not in _command(("policy", "publish"))[1]
    assert _commands("```sh\nA=1 touchstone nothing --here | cat\n```") == [
        "touchstone nothing --here"
    ]
    assert _MEASURED.search("a rebuild took 12 ms")


def _prose(text: str) -> str:
    return _FENCE.sub("", text)


def _headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", _prose(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _commands(text: str) -> list[str]:
    """Return each call of `touchstone` in the blocks for a shell and between backticks."""
    blocks = [body for kind, body in _FENCE.findall(text) if kind in ("sh", "")]
    lines = [line for body in blocks for line in body.replace("\\\n", " ").splitlines()]
    return [
        found.group().strip()
        for line in [*lines, *_INLINE.findall(_prose(text))]
        if (found := _CALL.search(re.sub(r"(^|\s)#.*", "", line)))
    ]


def _command(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the longest beginning of the words that is a command, and what its help says."""
    path: tuple[str, ...] = ()
    told = _help(path) or ""
    for word in words:
        if not _WORD.fullmatch(word) or (deeper := _help((*path, word))) is None:
            break
        path, told = (*path, word), deeper
    return path, told


@cache
def _help(path: tuple[str, ...]) -> str | None:
    """Return what `touchstone PATH --help` prints; None if there is no such command."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setenv("COLUMNS", "300")  # nothing is folded or cut
        with contextlib.redirect_stderr(io.StringIO()), _exit_code() as code:
            program.app([*path, "--help"], prog_name="touchstone")
    usage = " ".join(["Usage: touchstone", *path])
    return said.getvalue() if code == [0] and usage in said.getvalue() else None


@contextlib.contextmanager
def _exit_code() -> Iterator[list[int]]:
    code: list[int] = []
    try:
        yield code
    except SystemExit as error:
        code.append(int(error.code or 0))


def test_every_decision_stands_once_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")

    listed = sorted(re.findall(r"\]\((\d{4}-[^)]+\.md)\)", index))

    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
