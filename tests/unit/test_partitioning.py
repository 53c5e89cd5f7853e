from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.partitioning import PARTITIONS, murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_gives_the_hashes_of_kafkas_own_tests(key: str, signed: int) -> None:
    assert murmur2(key.encode()) == signed & 0xFFFFFFFF


@given(st.text())
def test_every_key_has_a_customer_partition(key: str) -> None:
    assert 0 <= partition_of(key) < PARTITIONS


def test_customers_spread_evenly() -> None:
    kept = Counter(partition_of(f"C-{n}") for n in range(12_000))

    assert len(kept) == PARTITIONS
    assert min(kept.values()) > 850
    assert max(kept.values()) < 1150
