"""The report on service as people read it, in both languages."""

import re
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from services.console.service.words import ServiceWords
from services.console.shared.i18n import speaker
from services.console.shared.usual_words import usual_word
from services.web.languages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_of_a_column_have_the_same_decimals(language: str) -> None:
    words = ServiceWords(speaker(language))
    figures = [words.cell(Decimal(one)) for one in ("17.0", "25.1", "0.0", "1761.5")]
    assert figures == ["17.0", "25.1", "0.0", "1,761.5"]
    assert words.cell(1761) == "1,761"


def test_usual_drivers_of_satisfaction_are_named_in_chinese() -> None:
    named = [usual_word(speaker("zh-CN"), one) for one in ("speed", "attitude", "result")]
    assert named == ["处理速度", "服务态度", "处理结果"]


def test_no_page_joins_texts_by_an_english_comma() -> None:
    with as_file(files("services.console")) as folder:
        for path in sorted(Path(folder).rglob("*.html")):
            found = re.findall(r"\}\}, .{0,30}|%\}, .{0,30}", path.read_text(encoding="utf-8"))
            assert not found, f"{path.name}: the comma of the language is _(', ')"
