"""What a command says of an import that is over."""

from pathlib import Path

import pytest

from services.cli.importing import _answer
from services.errors import TouchstoneError
from services.importing.report import Report
from services.terminal import Format


@pytest.mark.parametrize("form", list(Format))
def test_a_report_that_cannot_be_written_to_its_file_is_printed(
    form: Format, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(file="ledger.csv", branch="b1", target="memory", events=7, accepted=7)
    with pytest.raises(TouchstoneError, match="the report is printed above"):
        _answer(report, tmp_path / "no such folder" / "report.json", form)
    assert "ledger.csv" in capsys.readouterr().out
