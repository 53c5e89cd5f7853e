"""Texts are put into templates when these are compiled, as gettext would say them each time."""

from collections import Counter

import pytest
from jinja2 import DictLoader, Environment

from services.console.shared.translating import TextsPutIn

CHINESE = {
    "Name": "姓名",
    "100%% sure": "百分之百 100%%",
    "A <b>bold</b> word": "<b>粗</b>字",
    "%(n)s cases": "%(n)s 个工单",
}

TEMPLATES = [
    '{{ _("Name") }}',
    "{{ _('Name') }}: {{ name }}",
    '<th title="{{ _("Name") }}">{{ _("100%% sure") }}</th>',
    '{{ _("A <b>bold</b> word") }}',
    '{{ _("%(n)s cases", n=name) }}',
    '{{ (_("Name") ~ " " ~ name) if name else _("Unknown") }}',
    '{% for path, text in [("/a", _("Name")), ("/b", _("Unknown"))] %}{{ text }}{% endfor %}',
    '{% set told = _(wanted) %}{{ told }}{{ said._("Name") }}',
    '{% macro cell(label=_("Name")) %}<td>{{ label }}</td>{% endmacro %}{{ cell() }}',
]


class _Said:
    """Has a member of the name that asks for translations."""

    def _(self, text: str) -> str:
        return text.upper()


def _environment(template: str, asked: Counter[str], *, put_in: bool) -> Environment:
    def translate(text: str) -> str:
        asked[text] += 1
        return CHINESE.get(text, text)

    extensions: list[str | type[TextsPutIn]] = ["jinja2.ext.i18n"]
    if put_in:
        extensions.append(TextsPutIn)
    made = Environment(
        loader=DictLoader({"page": template}), autoescape=True, extensions=extensions
    )
    made.install_gettext_callables(translate, lambda one, *_: one, newstyle=True)  # type: ignore[attr-defined]
    if put_in:
        extension = made.extensions[TextsPutIn.identifier]
        assert isinstance(extension, TextsPutIn)
        extension.translate = translate
    return made


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_says_what_gettext_would(template: str) -> None:
    values = {"name": "<Li & Co>", "wanted": "Name", "said": _Said()}
    asked: Counter[str] = Counter()
    plain = _environment(template, Counter(), put_in=False).get_template("page").render(values)
    page = _environment(template, asked, put_in=True).get_template("page")
    assert page.render(values) == plain


def test_a_text_alone_is_asked_for_once() -> None:
    asked: Counter[str] = Counter()
    made = _environment('{{ _("Name") }}{{ _("%(n)s cases", n=1) }}', asked, put_in=True)
    page = made.get_template("page")
    assert [page.render(), page.render()] == ["姓名1 个工单"] * 2
    assert asked == {"Name": 1, "%(n)s cases": 2}
