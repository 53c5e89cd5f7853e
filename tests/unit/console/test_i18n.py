"""Two languages, each complete."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import urljoin

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from starlette.requests import Request

from events.calendars import zone
from services.console.alerts.words import AlertWords
from services.console.receivables.words import ReceivablesWords
from services.console.shared.i18n import language_of, speaker, with_parameters
from services.web.languages import LANGUAGES

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def request(
    query: str = "", cookie: str = "", accept: str = "", path: str = "/receivables"
) -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": headers,
        "scheme": "http",
        "server": ("console", 80),
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "en"),
        ("", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "", "de,en;q=0.5,zh;q=0.4", "en"),
        ("", "", "fr", "en"),
        ("", "", "en;q=0,zh;q=0.1", "zh-CN"),
        ("", "", "zh;q=much,en;q=0.1", "en"),
        ("", "lang=zh-CN", "en", "zh-CN"),
        ("lang=en", "lang=zh-CN", "zh", "en"),
        ("lang=zh_Hans", "", "en", "zh-CN"),
        ("lang=tlh", "lang=nonsense", "zh-TW", "zh-CN"),
    ],
)
def test_the_language_is_asked_for_remembered_or_preferred(
    query: str, cookie: str, accept: str, language: str
) -> None:
    assert language_of(request(query, cookie, accept)) == language


def test_a_language_link_keeps_the_rest_of_the_address() -> None:
    link = with_parameters(request("bucket=2&lang=en&branch=A%26B"), {"lang": "zh-CN"})
    assert link == "/receivables?bucket=2&branch=A%26B&lang=zh-CN"
    assert with_parameters(request("cursor=x"), {"cursor": None}) == "/receivables"


def texts_of(folder: Path) -> set[str | tuple[str, ...]]:
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    keywords = DEFAULT_KEYWORDS | {"worded": None}
    found = extract_from_dir(folder, method_map=methods, keywords=keywords)
    return {message for _, _, message, _, _ in found}


def test_every_text_that_people_read_is_translated_with_its_placeholders() -> None:
    with as_file(files("events")) as folder:
        wanted = texts_of(Path(folder))
    assert len(wanted) > 50
    with as_file(files("services")) as folder:
        wanted |= texts_of(Path(folder))
        path = Path(folder, "console", "locale", "zh_CN", "LC_MESSAGES", "messages.po")
        with path.open("rb") as source:
            catalogue = read_po(source, locale="zh_CN")
    assert len(wanted) > 100
    for message in wanted:
        entry = catalogue.get(message[0] if isinstance(message, tuple) else message)
        assert entry is not None, f"not in the catalogue: {message!r}"
        assert not entry.fuzzy
        string = entry.string or ""
        translated = string if isinstance(string, str) else string[0]
        assert translated, f"not translated: {message!r}"
        original = message if isinstance(message, str) else message[-1]
        assert set(PLACEHOLDER.findall(translated)) == set(PLACEHOLDER.findall(original))


def test_money_numbers_and_days_follow_the_language() -> None:
    english, chinese = speaker("en"), speaker("zh-CN")
    assert english.money(123_456, "CNY") == "CN¥1,234.56"
    assert chinese.money(123_456, "CNY") == "¥1,234.56"
    assert english.money(1_234, "JPY") == "¥1,234"
    assert english.short_money(7_600_000_000, "CNY") == "CN¥76M"
    assert chinese.short_money(7_600_000_000, "CNY") == "¥7600万"
    assert english.percent(Decimal("0.2584")) == "25.8%"
    assert english.capped(10_001, 10_000) == "10,000+"
    assert english.rate(Decimal("2.34")) == "2.3"
    assert english.rate(Decimal("28.4")) == "28"
    at = datetime(2026, 3, 20, 2, 0, tzinfo=UTC)
    assert chinese.instant(at, UTC) == "2026-03-20 02:00 +00:00"
    assert chinese.instant(at, zone("Asia/Kolkata")) == "2026-03-20 07:30 +05:30"
    assert chinese.clock(at, zone("America/New_York")) == "22:00:00 -04:00"
    assert english.instant(at, UTC) == "20 Mar 2026, 02:00 +00:00"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_looks_the_same_alone_and_in_an_instant(language: str) -> None:
    say = speaker(language)
    at = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    assert say.instant(at, UTC).startswith(say.day(at.date()))
    assert say.day(at.date()) == {"en": "5 Mar 2026", "zh-CN": "2026-03-05"}[language]


def test_codes_have_names_and_unknown_ones_are_shown() -> None:
    for language in LANGUAGES:
        words = AlertWords(speaker(language))
        assert "31" in words.alert("overdue", 31)
        assert words.cause("some_new_reason") == "some new reason"
    chinese = ReceivablesWords(speaker("zh-CN"))
    assert AlertWords(speaker("zh-CN")).alert("overdue", 31) == "逾期 31 天以上"
    assert chinese.bucket(None, 0) == "未到期"
    assert chinese.bucket(121, None) == "121+"
    assert chinese.bucket(None, 5) == "≤ 5"


@pytest.mark.parametrize("path", ["//elsewhere.example/x", "///elsewhere.example/x"])
def test_no_link_of_a_page_leads_to_another_site(path: str) -> None:
    link = with_parameters(request(path=path), {"lang": "en"})
    assert urljoin("https://console.example/", link) == (
        "https://console.example/elsewhere.example/x?lang=en"
    )
