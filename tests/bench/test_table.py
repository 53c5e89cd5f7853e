"""The tables in docs/performance.md are a bench's: each says where and how it was measured."""

import re

import msgspec
import pytest

from tests.bench.figures import Figures, SideFigures, WorkFigures
from tests.bench.machine import Line, Machine
from tests.bench.table import PAGE, SECTIONS, NotMade, last_line, marks, remade

_PRINTED = re.compile(
    r"Printed on \d{4}-\d\d-\d\d at commit `[0-9a-f]{7,}\+?` by `python -m tests\.bench[^`]*` in "
    r"[\d.]+ minutes, on \d+ cores of [^(]+ with [\d.]+ GB of memory "
    r"\([^;]+, Python 3[\d.]+, native parts: [^;]+; load [\d.]+ before and [\d.]+ after\)\."
)


def _side(name: str, us: float, **more: object) -> SideFigures:
    return SideFigures(
        side=name, us_per_event=us, least_us=us - 1, most_us=us + 1, client_us=us, postgres_us=0.0,
        whole_us=us, events_per_s=12_345, peak_mb=67, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _line(bench: str = "events") -> Line:
    figures = Figures(
        customers=3_000,
        events=150_000,
        rounds=5,
        left_out={"native parts": "nobody built them"},
        works=[
            WorkFigures(
                "rebuild",
                150_000,
                [
                    _side("abcdef0", 180.0),
                    _side(
                        "plain Python", 90.0, ratio=2.04, least_ratio=1.9, most_ratio=2.1,
                        target=2.5, reached=False,
                    ),
                ],
            ),
            WorkFigures("bare loop", 150_000, [_side("plain Python", 15.04)]),
        ],
        dossiers=None,
    )  # fmt: skip
    return Line(
        bench=bench,
        command="python -m tests.bench --against",
        date="2026-11-30",
        commit="1234567",
        machine=Machine(
            cpu="Some CPU", cores=4, memory_gb=16.0, system="Debian", python="3.11.7",
            postgresql="18.4", native="reader",
        ),
        load_before=0.1,
        load_after=2.0,
        memory_free_gb=12.0,
        seconds=600.0,
        figures=msgspec.Raw(msgspec.json.encode(figures)),
    )  # fmt: skip


@pytest.mark.parametrize("bench", SECTIONS)
def test_a_section_of_the_page_names_hardware_command_date_and_commit(bench: str) -> None:
    page = PAGE.read_text()
    first, last = marks(bench)
    assert page.count(first) == page.count(last) == 1
    section = page.partition(first)[2].partition(last)[0]
    lines = section.strip().splitlines()
    assert _PRINTED.fullmatch(lines[0]), lines[0]
    tables = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert tables
    for table in tables:
        widths = {row.count("|") for row in table.splitlines()}
        assert len(widths) == 1, table


def test_the_section_is_written_anew_and_all_around_it_stays() -> None:
    first, last = marks("events")
    page = remade(f"before\n{first}\nold\n{last}\nafter\n", _line())
    assert page.startswith(f"before\n{first}\nPrinted on 2026-11-30 at commit `1234567` by ")
    assert page.endswith(f"{last}\nafter\n")
    assert "old" not in page
    assert _PRINTED.search(page)
    assert (
        "| rebuild | 180 (179 to 181) | 90 (89 to 91) | "
        "2.0 (1.9 to 2.1), 2.5 was to be reached: missed |" in page
    )
    assert "| bare loop |  | 15.0 (14.0 to 16.0) |  |" in page
    assert "7.5 h (abcdef0), 3.8 h (plain Python)" in page  # 600e6 * 180e-6 s / 3600 / 4
    assert "Left out: native parts, since nobody built them." in page


def test_it_is_read_from_the_last_line_of_what_was_printed() -> None:
    line = msgspec.json.encode(_line()).decode()
    assert last_line(f"round 1\nround 2\n{line}\n") == _line()


def test_what_is_no_line_of_a_bench_is_refused() -> None:
    with pytest.raises(NotMade, match="the last line is not"):
        last_line("round 1\n")
    with pytest.raises(NotMade, match="no section is made of bench 'other'"):
        remade("", _line("other"))
    with pytest.raises(NotMade, match="add the two lines"):
        remade("no marks", _line())
