"""Tries to log in by network address: only wrong ones count, and known browsers have their own."""

import hmac
from collections.abc import Iterable, Mapping

import pytest

from services.errors import Unavailable
from services.people.refusals import LogInRefused
from services.people.throttle import LogInThrottle, TooManyTries, Tries, network_of


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Signing:
    """A vault that only signs."""

    async def digest(self, subject: str, content: bytes) -> bytes:
        return hmac.digest(subject.encode(), content, "sha256")

    async def seal(self, subject: str, event_id: str, fields: Mapping[str, str]) -> bytes:
        raise NotImplementedError

    async def open(self, subject: str, event_id: str, sealed: bytes) -> Mapping[str, str] | None:
        raise NotImplementedError

    async def have_ready(self, subjects: Iterable[str]) -> None:
        raise NotImplementedError


def wrong(tries: Tries, who: str, count: int) -> int:
    """Return how many of so many wrong tries are let through."""
    for done in range(count):
        try:
            tries.count(who)
        except TooManyTries:
            return done
    return count


def test_wrong_tries_are_let_through_up_to_a_number_and_then_as_time_passes() -> None:
    watch = Watch()
    tries = Tries(3, 0.1, now=watch)
    assert wrong(tries, "a", 5) == 3
    assert wrong(tries, "b", 1) == 1  # somebody else
    watch.now += 5
    with pytest.raises(TooManyTries) as refused:
        tries.count("a")
    assert refused.value.wait_s == 5  # one is let through in ten seconds
    watch.now += 5
    assert wrong(tries, "a", 5) == 1
    watch.now += 1_000
    assert wrong(tries, "a", 5) == 3


def test_whoever_gets_in_uses_nothing_up() -> None:
    tries = Tries(3, 0.1, now=Watch())
    for _ in range(100):
        tries.count("a")
        tries.forgive("a")
    assert wrong(tries, "a", 5) == 3


def test_what_nobody_could_judge_uses_nothing_up() -> None:
    tries = Tries(3, 0.1, now=Watch())

    def tried(error: Exception) -> None:
        with pytest.raises(type(error)), tries.judging("a"):
            raise error

    for _ in range(10):
        tried(Unavailable("the database is away"))
    tried(LogInRefused("wrong", "-"))
    assert wrong(tries, "a", 5) == 2


def test_tries_sent_together_are_counted_before_any_is_judged() -> None:
    tries = Tries(3, 0.1, now=Watch())
    assert wrong(tries, "a", 10) == 3
    tries.forgive("a")  # one of the three was right
    assert wrong(tries, "a", 10) == 1


def test_no_more_are_remembered_than_a_number_the_latest() -> None:
    tries = Tries(3, 0.1, remembered=10, now=Watch())
    for n in range(100):
        wrong(tries, f"n-{n}", 3)
    assert len(tries) == 10
    assert [wrong(tries, f"n-{n}", 1) for n in (99, 90)] == [0, 0]
    assert wrong(tries, "n-89", 3) == 3


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "?"),
    ],
)
def test_an_address_of_ipv6_is_its_networks(address: str | None, network: str) -> None:
    assert network_of(address) == network


async def test_a_known_browser_has_tries_of_its_own_for_its_owner_alone() -> None:
    throttle = LogInThrottle(Signing(), Watch())
    kept = await throttle.known("SH-S4")
    assert (await throttle.tries_of("SH-S4", kept, "192.0.2.7"))[0] is throttle.browsers
    assert await throttle.known("SH-S4") != kept
    token, _, signature = kept.partition(".")
    for staff, forged in (
        ("SH-S5", kept),
        ("SH-S4", f"{token}x.{signature}"),
        ("SH-S4", f"{token}.{signature[:-1]}"),
        ("SH-S4", f"{token}."),
        ("SH-S4", "."),
        ("SH-S4", "Grüße.汉"),
        ("SH-S4", ""),
    ):
        tries, whose = await throttle.tries_of(staff, forged, "192.0.2.7")
        assert (tries, whose) == (throttle.addresses, "192.0.2.7")
