from datetime import datetime
from typing import ClassVar, Literal

import pytest

from events.avro import NoAvroForm, schema_of
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ServiceLevelPolicyPublished


class Spoken(Touchpoint, frozen=True, kw_only=True):
    """Somebody said something.

    More that nobody needs on the wire.
    """

    event_type: ClassVar[str] = "test.spoken"
    tone: Literal["kind", "curt"] = "kind"
    price: Money
    tip: Money | None = None


def test_a_schema_is_named_after_the_class_and_its_family() -> None:
    schema = schema_of(Spoken)

    assert schema["name"] == "Spoken"
    assert schema["namespace"] == "touchstone.test"
    assert schema["doc"] == "Somebody said something."


def test_words_of_a_closed_list_travel_as_strings() -> None:
    assert _field(Spoken, "tone") == {"name": "tone", "type": "string", "default": "kind"}


def test_a_shared_part_is_spelt_out_once_and_then_named() -> None:
    price = _field(Spoken, "price")["type"]
    assert isinstance(price, dict)
    assert (price["namespace"], price["name"]) == ("touchstone", "Money")
    assert _field(Spoken, "tip") == {
        "name": "tip",
        "type": ["null", "touchstone.Money"],
        "default": None,
    }


def test_a_default_of_records_is_the_schemas_default() -> None:
    policy = _field(ServiceLevelPolicyPublished, "policy")["type"]
    assert isinstance(policy, dict)
    levels = next(field for field in policy["fields"] if field["name"] == "levels")
    assert levels["default"][0] == {
        "severity": "urgent",
        "response_minutes": 30,
        "solution_minutes": 120,
    }


class Unbounded(Touchpoint, frozen=True, kw_only=True):
    event_type: ClassVar[str] = "test.unbounded"
    count: int


class Zoneless(Touchpoint, frozen=True, kw_only=True):
    event_type: ClassVar[str] = "test.zoneless"
    at: datetime


class Loose(Touchpoint, frozen=True, kw_only=True):
    event_type: ClassVar[str] = "test.loose"
    words: dict[str, str]


@pytest.mark.parametrize("touchpoint", [Unbounded, Zoneless, Loose])
def test_a_field_that_could_not_travel_safely_is_refused(touchpoint: type[Touchpoint]) -> None:
    with pytest.raises(NoAvroForm, match=touchpoint.__name__):
        schema_of(touchpoint)


def _field(touchpoint: type[Touchpoint], name: str) -> dict[str, object]:
    fields = schema_of(touchpoint)["fields"]
    assert isinstance(fields, list)
    found: dict[str, object] = next(field for field in fields if field["name"] == name)
    return found
