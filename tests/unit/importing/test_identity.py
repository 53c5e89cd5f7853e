import json
from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from events.derived_ids import NAMESPACE, derived_id
from services.importing.identity import sequence, source_of

KEYS = st.lists(st.text(), min_size=1, max_size=3)


@given(KEYS, st.integers(1, 15))
def test_sequence_numbers_fit_the_log_and_keep_the_order_of_blocks(
    key: list[str], block: int
) -> None:
    assert 1 <= sequence(key, block) < 2**63
    assert sequence(key, 1) <= sequence(key, block) == sequence(key, 1) + block - 1


@given(KEYS)
def test_an_id_is_what_the_standard_calls_uuid5(key: list[str]) -> None:
    name = json.dumps(["s", *key, "b"], ensure_ascii=False, separators=(",", ":"))
    assert derived_id("s", key, "b") == str(uuid5(NAMESPACE, name))


@given(KEYS, KEYS)
def test_ids_differ_by_key_and_never_by_where_its_parts_are_cut(
    left: list[str], right: list[str]
) -> None:
    source = source_of("b1", "m")
    assert (derived_id(source, left, "x") == derived_id(source, right, "x")) == (left == right)


def test_ids_and_numbers_are_the_same_for_ever() -> None:
    source = source_of("b1", "ledger")
    assert derived_id(source, ["R-1"], "paid") == "88d356cd-bb51-54c8-9e15-837481184f96"
    assert sequence(["R-1"], 2) == 3022161247184409410


def test_branch_mapping_and_block_all_count() -> None:
    ids = {
        derived_id(source_of(branch, mapping), ["1"], block)
        for branch in ("b1", "b2")
        for mapping in ("m", "n")
        for block in ("issued", "paid")
    }
    assert len(ids) == 8
