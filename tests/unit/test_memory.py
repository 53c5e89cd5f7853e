"""What a worker forgets first, and what it must not forget."""

from datetime import timedelta

from msgspec.structs import replace

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import fact_of
from projections.protocol import Facts
from services.projector.memory import Memory, Remembered, Section
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
    return Remembered(Facts(map(fact_of, events)), Written())


def put(section: Section, name: str, facts: int = 10) -> None:
    section.put(CustomerId(name), remembered(facts))


def known(section: Section, *names: str) -> list[str]:
    """Return who of them is remembered; looking makes them needed and the last ones used."""
    return [name for name in names if section.get(CustomerId(name)) is not None]


def test_the_one_used_longest_ago_is_forgotten_wherever_it_is() -> None:
    memory = Memory(max_facts=40)
    one, other = memory.section(), memory.section()
    put(one, "first")
    put(other, "second")
    assert known(one, "first") == ["first"]
    put(one, "third")
    other.release()
    one.release()
    assert known(other, "second") == []
    assert known(one, "first", "third") == ["first", "third"]


def test_a_long_dossier_stays_where_others_are_short() -> None:
    memory = Memory(max_facts=1_200)
    sections = [memory.section() for _ in range(12)]
    put(sections[0], "long", facts=1_000)
    for number, section in enumerate(sections):
        put(section, f"short-{number}", facts=1)
        section.release()
    assert known(sections[0], "long") == ["long"]


def test_a_customer_without_facts_takes_room_too() -> None:
    section = Memory(max_facts=100).section()
    names = [f"C-{n}" for n in range(100)]
    for name in names:
        put(section, name, facts=0)
    section.release()
    assert len(known(section, *names)) == 25


def test_what_a_batch_needs_stays_until_it_is_done() -> None:
    memory = Memory(max_facts=1)
    busy, done = memory.section(), memory.section()
    put(busy, "needed")
    put(busy, "needed too")
    put(done, "not needed")
    done.release()
    assert known(busy, "needed", "needed too") == ["needed", "needed too"]
    busy.release()
    assert known(busy, "needed", "needed too") == ["needed too"]


def test_what_is_dropped_makes_room() -> None:
    memory = Memory(max_facts=40)
    gone, stays = memory.section(), memory.section()
    put(stays, "early")
    put(gone, "late")
    put(gone, "later")
    gone.clear()
    put(stays, "last")
    stays.release()
    assert known(gone, "late", "later") == []
    assert known(stays, "early", "last") == ["early", "last"]
