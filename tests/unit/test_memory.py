"""What a worker forgets first, and what it must not forget."""

from datetime import timedelta

from msgspec.structs import replace

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from projections.facts import Facts, Memo
from services.projector.memory import BYTES_PER_FACT, Memory, Packed, Remembered, Section
from services.rows.written import Written
from tests.support.log import START, payment


def remembered(facts: int) -> Remembered:
    first = payment(1)
    events = (
        RecordedEvent(
            replace(first.envelope, id=f"E-{n}", effective_at=START + timedelta(minutes=n)),
            Position(1, 0, n),
            START,
            first.data,
        )
        for n in range(facts)
    )
    return Remembered(Facts(map(fact_of, events)), [Written()])


class WalkedAll(Memo):
    """A memo that has taken in every fact of some."""

    def __init__(self, facts: Facts) -> None:
        self._count = len(facts)

    @property
    def walked(self) -> int:
        return self._count


def put_walked(section: Section, name: str, facts: int) -> Facts:
    """Remember somebody whose facts nobody will ask for again; return these."""
    found = remembered(facts)
    found.facts.memo = WalkedAll(found.facts)
    section.put(CustomerId(name), found)
    return found.facts


def put(section: Section, name: str, facts: int = 10) -> None:
    section.put(CustomerId(name), remembered(facts))


def known(section: Section, *names: str) -> list[str]:
    """Return who of them is remembered; looking makes them needed and the last ones used."""
    return [name for name in names if section.get(CustomerId(name)) is not None]


async def test_the_one_used_longest_ago_is_forgotten_wherever_it_is() -> None:
    memory = Memory(max_facts=40)
    one, other = memory.section(), memory.section()
    put(one, "first")
    put(other, "second")
    assert known(one, "first") == ["first"]
    put(one, "third")
    await other.release()
    await one.release()
    assert known(other, "second") == []
    assert known(one, "first", "third") == ["first", "third"]


async def test_a_long_dossier_stays_where_others_are_short() -> None:
    memory = Memory(max_facts=1_200)
    sections = [memory.section() for _ in range(12)]
    put(sections[0], "long", facts=1_000)
    for number, section in enumerate(sections):
        put(section, f"short-{number}", facts=1)
        await section.release()
    assert known(sections[0], "long") == ["long"]


async def test_a_customer_without_facts_takes_room_too() -> None:
    section = Memory(max_facts=100).section()
    names = [f"C-{n}" for n in range(100)]
    for name in names:
        put(section, name, facts=0)
    await section.release()
    assert len(known(section, *names)) == 25


async def test_what_a_batch_needs_stays_until_it_is_done() -> None:
    memory = Memory(max_facts=1)
    busy, done = memory.section(), memory.section()
    put(busy, "needed")
    put(busy, "needed too")
    put(done, "not needed")
    await done.release()
    assert known(busy, "needed", "needed too") == ["needed", "needed too"]
    await busy.release()
    assert known(busy, "needed", "needed too") == ["needed too"]


async def test_what_is_dropped_makes_room() -> None:
    memory = Memory(max_facts=40)
    gone, stays = memory.section(), memory.section()
    put(stays, "early")
    put(gone, "late")
    put(gone, "later")
    gone.clear()
    put(stays, "last")
    await stays.release()
    assert known(gone, "late", "later") == []
    assert known(stays, "early", "last") == ["early", "last"]


class Weighing:
    """Packs anybody into so many bytes, and gives back what it was given."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._given: dict[bytes, Remembered] = {}

    def packed(self, remembered: Remembered) -> Packed | None:
        content = len(self._given).to_bytes(self._size)
        self._given[content] = remembered
        return Packed(content, [Reference()])

    def unpacked(self, packed: Packed) -> Remembered:
        return self._given.pop(packed.content)


async def used_twice(section: Section, *names: str, facts: int = 10) -> None:
    for name in names:
        put(section, name, facts)
    await section.release()
    assert known(section, *names) == [*names]
    await section.release()


async def test_more_are_remembered_where_those_used_longest_ago_are_packed() -> None:
    section = Memory(max_facts=70).section(Weighing(BYTES_PER_FACT))  # as two facts each
    names = [f"C-{n}" for n in range(12)]
    for name in names:
        await used_twice(section, name)
    # Two as they are, of 14 facts each with what they take besides, and all others in 2 each.
    assert known(section, *names) == names


async def test_the_one_packed_longest_ago_is_forgotten_first() -> None:
    section = Memory(max_facts=40).section(Weighing(5 * BYTES_PER_FACT))
    first, *others = (f"C-{n}" for n in range(6))
    for name in (first, *others):
        await used_twice(section, name)
    # One as it is, of 14 facts, and four in 6 each: 38 of 40.
    assert known(section, first) == []
    assert known(section, *others) == others


async def test_who_was_used_by_one_batch_alone_is_not_worth_packing() -> None:
    section = Memory(max_facts=20).section(Weighing(1))
    for name in ("once", "and another"):
        put(section, name)
        await section.release()
    assert known(section, "once") == []


async def test_facts_are_held_while_there_is_room_and_then_those_used_last() -> None:
    section = Memory(max_facts=120).section()
    facts = [put_walked(section, f"C-{n}", facts=16) for n in range(3)]
    await section.release()
    # 20 each with what a customer takes besides, and 4 more for 16 that are held: 72 of 120.
    assert [one.held for one in facts] == [16, 16, 16]
    facts += [put_walked(section, f"C-{n}", facts=16) for n in range(3, 5)]
    await section.release()
    # 100 without what is held: the rest is room for that of five.
    assert [one.held for one in facts] == [16] * 5
    facts.append(put_walked(section, "C-5", facts=12))
    await section.release()
    # 116: room for 16 that are held, used last.
    assert [one.held for one in facts] == [0, 0, 0, 0, 0, 12]
    assert [len(one) for one in facts] == [16] * 5 + [12]


async def test_facts_that_a_batch_needs_are_held_until_it_is_done() -> None:
    memory = Memory(max_facts=16)
    busy, done = memory.section(), memory.section()
    needed = put_walked(busy, "needed", facts=12)
    await done.release()
    assert needed.held == 12
    await busy.release()
    assert needed.held == 0
    assert known(busy, "needed") == ["needed"]
