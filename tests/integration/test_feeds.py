"""`touchstone feed`: what is configured once, refused where it cannot work, and never lost."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
import typer
from typer.testing import CliRunner, Result

from events.envelope import BranchId
from services.cli import connecting
from services.connectors.document import Feed
from services.connectors.feeds import Feeds, account_of
from services.errors import UsageError
from services.hosts.bootstrap import open_platform
from services.settings import Settings

pytestmark = pytest.mark.postgres

app = typer.Typer()
app.add_typer(connecting.feed)


def touchstone(*words: object, given: str | None = None) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def installation(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(dsn=database, data=tmp_path / "data")
    monkeypatch.setattr("services.settings.settings", lambda: chosen)
    return chosen


def a_feed(name: str, account: str) -> tuple[object, ...]:
    return (
        "feed", "add", name, "--reads", "camt", "--branch", "B-01", "--zone", "Europe/Berlin",
        "--set", f"account={account}",
    )  # fmt: skip


@pytest.mark.usefixtures("installation")
def test_a_feed_is_added_once_listed_and_comes_back_as_what_it_was() -> None:
    account = "DE89 3704 0044 0532 0130 00"
    assert touchstone(*a_feed("bank-main", account)).exit_code == 0
    with pytest.raises(UsageError, match="two feeds of one account"):
        touchstone(*a_feed("bank-two", "de89370400440532013000"))
    with pytest.raises(UsageError, match="there is or was another feed"):
        touchstone(*a_feed("bank-main", "DE02120300000000202051"))
    listed = touchstone("feed", "list").stdout
    assert listed.split() == [
        "bank-main", "camt", "B-01", "Europe/Berlin", *f"account={account}".split(),
    ]  # fmt: skip
    assert touchstone("feed", "remove", "bank-main").exit_code == 0
    assert touchstone("feed", "list").stdout == ""
    with pytest.raises(UsageError, match="there is no feed"):
        touchstone("feed", "remove", "bank-main")
    assert touchstone(*a_feed("bank-main", account)).exit_code == 0


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("feed", "add", "Bank", "--reads", "camt", "--branch", "B"), "no name of a feed"),
        (("feed", "add", "b", "--reads", "camd", "--branch", "B"), "did you mean 'camt'"),
        (("feed", "add", "b", "--reads", "camt", "--branch", "a b"), "no branch id"),
        (
            ("feed", "add", "b", "--reads", "camt", "--branch", "B", "--zone", "Mars/Olympus"),
            "no IANA zone",
        ),
        (
            ("feed", "add", "b", "--reads", "camt", "--branch", "B", "--currency", "EURO"),
            "no ISO 4217",
        ),
        (
            ("feed", "add", "b", "--reads", "camt", "--branch", "B", "--set", "acount=1"),
            "unknown field `acount`",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_configured(
    words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        touchstone(*words)


def test_secrets_are_sealed_and_hold_side_by_side(installation: Settings) -> None:
    touchstone(*a_feed("bank-main", "DE02120300000000202051"))
    assert "secret 1" in touchstone("feed", "secret", "add", "bank-main", given="one\n").stdout
    assert "secret 2" in touchstone("feed", "secret", "add", "bank-main", given="two\n").stdout

    async def held() -> list[tuple[int, str]]:
        async with open_platform(installation) as platform:
            secrets = await Feeds(platform).secrets("bank-main")
            assert "two" not in repr(secrets)
            return [(one.number, one.text) for one in secrets]

    assert asyncio.run(held()) == [(2, "two"), (1, "one")]
    touchstone("feed", "secret", "end", "bank-main", 1)
    assert asyncio.run(held()) == [(2, "two")]

    async def kept() -> bytes:
        connection = await asyncpg.connect(installation.dsn)
        try:
            rows = await connection.fetch("SELECT sealed FROM feed_secrets")
            return b"".join(row["sealed"] for row in rows)
        finally:
            await connection.close()

    stored = asyncio.run(kept())
    assert stored
    assert not any(word in stored for word in (b"one", b"two"))


def test_an_account_is_compared_without_blanks_and_case() -> None:
    def feed(account: str) -> Feed:
        return Feed(
            name="f",
            format="camt",
            branch=BranchId("B"),
            zone="Europe/Berlin",
            settings={"account": account},
        )

    assert account_of(feed("de89 3704-0044")) == account_of(feed("DE8937040044"))
