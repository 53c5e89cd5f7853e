"""Words of a closed list are said in the reader's language, never as the code has them."""

import re
from collections.abc import Iterator
from datetime import UTC

import pytest
from msgspec.inspect import LiteralType, UnionType

from events.avro import struct_info
from events.touchpoints import TYPES
from services.console.cases.words import CaseWords
from services.console.customers.touchpoint_words import TouchpointWords
from services.console.shared.i18n import speaker
from services.console.value.words import ValueWords

CHINESE = speaker("zh-CN")
CODE = re.compile("[a-z_]+")


def closed_lists() -> Iterator[tuple[str, str]]:
    """Give each field of a touchpoint that has a closed list, with each of its words."""
    for touchpoint in TYPES:
        for field in struct_info(touchpoint).fields:
            parts = field.type.types if isinstance(field.type, UnionType) else (field.type,)
            for part in parts:
                if isinstance(part, LiteralType):
                    yield from ((field.name, str(value)) for value in part.values)


@pytest.mark.parametrize(("field", "value"), sorted(set(closed_lists())))
def test_a_word_of_a_closed_list_is_translated(field: str, value: str) -> None:
    assert not CODE.search(TouchpointWords(CHINESE).value(field, value, UTC))


def test_what_a_company_chose_is_shown_as_it_is() -> None:
    assert TouchpointWords(CHINESE).value("method", "bank_transfer", UTC) == "bank_transfer"


def test_an_escalation_names_its_clock() -> None:
    words = CaseWords(CHINESE)
    assert words.detail("response 75% owner") == "首次答复：时限已用 75% (owner)"
    assert words.step("case_solution 100%") == "解决：时限已用 100%"
    assert words.detail("solution was no good") == "solution was no good"


def test_the_tier_that_an_alert_is_about_has_its_name() -> None:
    words = ValueWords(CHINESE)
    assert words.about("tier_warning", "gold") == "黄金"
    assert words.about("overdue", "gold") == "gold"
