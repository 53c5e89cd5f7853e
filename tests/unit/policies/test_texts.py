"""What the commands of policies print for people."""

from datetime import UTC, datetime

import pytest

from events.calendars import zone
from events.policy import Reference
from services.policies.candidate import candidate, given
from services.policies.publishing import Published, changes
from services.policies.texts import published_lines
from services.wording import amount
from tests.support.given import recorded_events
from tests.support.value import tiers_published

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(("sets", "becomes"), [((), "CNY"), (("currency=JPY",), "JPY")])
def test_a_change_tells_amounts_in_the_currency_of_each_side(
    sets: tuple[str, ...], becomes: str
) -> None:
    reference = Reference(recorded_events([tiers_published(("gold", "50.00"))]))
    lines = 'tiers=[{"name": "gold", "line_minor": 6000}]'
    meant = candidate(given("tiers"), [lines, *sets], None, NOW, reference)
    found = Published(
        status="accepted",
        kind="tiers",
        event_id="e",
        effective_from=NOW,
        changes=changes(meant, reference),
        counts="now",
        follower=None,
    )
    told = "\n".join(published_lines(found, meant, zone("UTC")))
    before, after = "50.00 CNY", amount(6_000, becomes)
    assert f'name "gold", line {before} -> name "gold", line {after}' in told
