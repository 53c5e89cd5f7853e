"""Publishing lines that are in shape: a bad one spoils no other."""

from collections.abc import Sequence
from io import BytesIO

from services.importing.publishing import publish_lines
from services.intake.answers import Answer


class Refusing:
    """Refuses what says so."""

    target = "memory"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        self.sizes.append(len(events))
        return [
            Answer(status="refused", code="missing", field="id", reason="is missing", remedy="add")
            if event == {}
            else Answer(status="accepted")
            for event in events
        ]


async def test_every_line_has_its_answer() -> None:
    lines = [
        b'\xef\xbb\xbf{"id": "1"}',
        b"",
        b"{}",
        b"[1]",
        b"{",
        b'{"id": "\xff"}',
        b'{"a": {"b": [NaN]}}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b'{"id": "2"}',
    ]
    report = await publish_lines(BytesIO(b"\n".join(lines)), "-", "b1", Refusing())
    assert (report.rows, report.rows_refused, report.accepted, report.refused) == (10, 7, 2, 1)
    refused = {line.line: (line.field, line.code) for line in report.lines}
    assert refused == {
        3: ("id", "missing"),
        4: (None, "malformed"),
        5: (None, "malformed"),
        6: (None, "malformed"),
        7: ("a.b[0]", "malformed"),
        8: (None, "malformed"),
        9: (None, "malformed"),
        10: (None, "malformed"),
    }
    assert "line 3, id: is missing - add" in "\n".join(report.text())


async def test_a_line_without_end_is_refused_and_skipped() -> None:
    body = b'{"id": "1"}\n' + b"x" * 20_000_000 + b'\n{"id": "2"}\n'
    report = await publish_lines(BytesIO(body), "-", "b1", Refusing())
    assert (report.accepted, report.rows_refused) == (2, 1)


async def test_lines_go_in_batches() -> None:
    platform = Refusing()
    await publish_lines(BytesIO(b'{"id": "1"}\n' * 2500), "-", "b1", platform)
    assert platform.sizes == [1000, 1000, 500]
