"""Which partition keeps which key: murmur2 onto twelve, the same in every event log."""

PARTITIONS = 12
"""Customer partitions of a generation; never changed in place."""

REFERENCE_PARTITION = PARTITIONS
"""The single-partition stream of policies and reference data."""

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Return the 32-bit MurmurHash2 of `key` with the seed of Kafka's default partitioner."""
    length = len(key)
    h = (_SEED ^ length) & _MASK
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little")
        k = (k * _M) & _MASK
        k ^= k >> 24
        k = (k * _M) & _MASK
        h = ((h * _M) & _MASK) ^ k
    if length > whole:
        h ^= int.from_bytes(key[whole:], "little")
        h = (h * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(key: str) -> int:
    """Return the customer partition of a key, as Kafka's default partitioner would."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS
