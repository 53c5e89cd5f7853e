"""What the settings refuse, and what they never show."""

import pytest

from services.errors import UsageError
from services.settings import Settings, settings

SECRETS = ("postgresql://crm:hunter2@db/crm", "c2VjcmV0")


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    settings.cache_clear()


@pytest.mark.parametrize("name", ["DATA", "DSN", "KAFKA"])
@pytest.mark.parametrize("given", ["", "  "])
def test_an_empty_value_is_not_taken_for_a_choice(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    monkeypatch.setenv(f"TOUCHSTONE_{name}", given)
    with pytest.raises(UsageError, match=f"^TOUCHSTONE_{name}: is empty; give a value"):
        settings()


def test_passwords_and_keys_are_used_and_not_shown() -> None:
    given = Settings(dsn=SECRETS[0], master_key=SECRETS[1])
    assert (given.dsn, given.master_key) == SECRETS
    shown = f"{given} {given!r}"
    assert not [secret for secret in SECRETS if secret in shown]


def test_an_error_does_not_show_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_DSN", SECRETS[0])
    monkeypatch.setenv("TOUCHSTONE_KAFKA_KEY", "key.pem")
    with pytest.raises(UsageError) as refused:
        settings()
    assert SECRETS[0] not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("named", "stays"),
    [
        ({}, True),
        ({"CONSOLE_URL": "http://localhost:8420"}, True),
        ({"CONSOLE_URL": "https://crm.example.com"}, False),  # through a proxy
        ({"CONSOLE_HOST": "0.0.0.0", "PROXIES": "10.0.0.0/8"}, False),  # noqa: S104
    ],
)
def test_a_demonstration_stays_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], stays: bool
) -> None:
    monkeypatch.setenv("TOUCHSTONE_DEMONSTRATION_KEY", "x" * 43)
    for name, value in named.items():
        monkeypatch.setenv(f"TOUCHSTONE_{name}", value)
    if stays:
        settings()
    else:
        with pytest.raises(UsageError, match="lets in whoever has its address"):
            settings()
