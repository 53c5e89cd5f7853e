"""One setting is enough for Kafka, and no password goes over the wire in the clear."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.errors import UsageError
from services.log.kafka.cluster import cluster_of
from services.settings import Settings

PASSWORD = "open sesame"


def with_user(**more: object) -> Settings:
    given = {"kafka": "k:9092", "kafka_user": "gateway", "kafka_password": PASSWORD, **more}
    return Settings.model_validate(given)


def test_brokers_alone_mean_a_plain_connection() -> None:
    options = cluster_of(Settings(kafka="k1:9092,k2:9092")).options
    assert options["bootstrap_servers"] == "k1:9092,k2:9092"
    assert options["security_protocol"] == "PLAINTEXT"
    assert options["ssl_context"] is None


def test_tls_checks_the_brokers_certificates() -> None:
    options = cluster_of(Settings(kafka="k:9093", kafka_tls=True)).options
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"] is not None
    assert options["ssl_context"].check_hostname


def test_a_user_logs_in_by_a_challenge_unless_told_otherwise() -> None:
    options = cluster_of(with_user()).options
    assert options["security_protocol"] == "SASL_PLAINTEXT"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["sasl_plain_password"] == PASSWORD


def test_a_password_is_never_sent_in_the_clear() -> None:
    with pytest.raises(UsageError, match="in the clear"):
        cluster_of(with_user(kafka_mechanism="PLAIN"))
    options = cluster_of(with_user(kafka_mechanism="PLAIN", kafka_tls=True)).options
    assert options["security_protocol"] == "SASL_SSL"


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(with_user())


@pytest.mark.parametrize(
    "given",
    [
        {"kafka_user": "gateway"},
        {"kafka_key": "key.pem"},
        {"kafka_ca": "ca.pem"},
        {"kafka_prefix": "a b"},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"kafka": "k:9092", **given})


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    settings = Settings(kafka="k:9092", kafka_tls=True, kafka_ca=tmp_path / "none.pem")
    with pytest.raises(UsageError, match="certificates"):
        cluster_of(settings)


def test_without_brokers_the_setting_is_named() -> None:
    with pytest.raises(UsageError, match="TOUCHSTONE_KAFKA"):
        cluster_of(Settings())
