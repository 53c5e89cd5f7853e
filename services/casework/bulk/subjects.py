"""What one command is given on many times: cases, or accounts."""

from __future__ import annotations

from typing import cast

from msgspec import Struct

from events.cases.commands import CaseCommand
from events.cases.commands import Command as OfCase
from events.customers.account_commands import Command as OfAccount
from services.casework.bulk.accounts import ManyAccounts
from services.casework.bulk.asking import AskedOfMany, Subjects
from services.casework.bulk.cases import ManyCases
from services.casework.commanding import Commanding
from services.casework.parts import CaseworkPlatform


def subjects(
    platform: CaseworkPlatform, commanding: Commanding, asked: AskedOfMany[Struct]
) -> Subjects:
    """Return what a command of many is given on."""
    if isinstance(asked.command, CaseCommand):
        of_cases = cast("AskedOfMany[OfCase]", asked)
        return ManyCases(platform, commanding.streams, of_cases)
    of_accounts = cast("AskedOfMany[OfAccount]", asked)
    return ManyAccounts(platform, commanding.streams, commanding.customers, of_accounts)
