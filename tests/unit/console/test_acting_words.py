"""Everything that forms ask for and differences show has a name."""

import pytest
from msgspec import Struct

from projections import PROJECTIONS
from services.casework.api import WORDS
from services.console.acting.changed_words import NAMED_FIELDS
from services.console.acting.difference import NOISE
from services.console.acting.publishing import publishable
from services.console.acting.widgets import command_fields, touchpoint_fields
from services.console.acting.words import COMMANDS, FIELDS


def test_every_command_has_a_name() -> None:
    assert set(WORDS.values()) - set(COMMANDS) == set()


@pytest.mark.parametrize("kind", WORDS, ids=WORDS.get)
def test_every_field_of_a_command_has_a_name(kind: type[Struct]) -> None:
    assert [f.name for f in command_fields(kind, {}, "CNY") if f.name not in FIELDS] == []


def test_every_field_of_what_is_recorded_by_form_has_a_name() -> None:
    asked = {f.name for kind in publishable() for f in touchpoint_fields(kind, {}, "CNY")}
    assert asked - set(FIELDS) == set()


def test_every_field_of_every_row_has_a_name() -> None:
    fields = {
        name
        for projection in PROJECTIONS
        for table in projection.tables
        for name in table.row.__struct_fields__
    }
    assert fields - NAMED_FIELDS - NOISE == set()
