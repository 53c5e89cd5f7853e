"""What may be decided about a customer's account, without any log."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from events.cases.staff import Staff
from events.customers import account_reasons as why
from events.customers.account_commands import OverrideCredit
from events.customers.accounts import Account, decide
from events.money import Money
from events.refusals import Refused
from events.touchpoints.payment import CreditOverrideGranted

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
CREDIT = Staff("credit-1", None, None, frozenset({"credit"}))
ACCOUNT = Account("C-1", 0, date(2026, 3, 9), (), {}, {}, 24)


@pytest.mark.parametrize("minor", [0, -1])
def test_an_override_up_to_no_amount_is_refused(minor: int) -> None:
    command = OverrideCredit(reason="trusted", amount=Money(minor, "CNY"))
    refused = decide(command, CREDIT, NOW, ACCOUNT)
    assert isinstance(refused, Refused)
    assert refused.reason == why.NO_AMOUNT


@pytest.mark.parametrize("amount", [Money(1, "CNY"), None])
def test_an_override_names_the_role_and_the_reason(amount: Money | None) -> None:
    command = OverrideCredit(reason="trusted", amount=amount, until=date(2026, 3, 9))
    decided = decide(command, CREDIT, NOW, ACCOUNT)
    assert isinstance(decided, tuple)
    [granted] = decided
    assert isinstance(granted, CreditOverrideGranted)
    assert (granted.role, granted.reason, granted.amount) == ("credit", "trusted", amount)
