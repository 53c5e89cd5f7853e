"""Commands of the auditor: what was true, what was known, and proof that rows agree."""

from __future__ import annotations

from typing import Annotated

import typer

from events.envelope import CustomerId
from services.audit.digest import digest as compute_digest
from services.audit.replay import replay as replay_customer
from services.audit.reports import ageing as ageing_report
from services.audit.reports import alerts as alerts_report
from services.audit.status import status as platform_status
from services.audit.texts import ageing_text, alerts_text, statement_text, verification_text
from services.audit.verify import verify as verify_everything
from services.audit.walk import picture
from services.bootstrap import open_platform
from services.cli import (
    AsKnownOption,
    AsOfOption,
    Format,
    FormatOption,
    emit,
    instant_of,
    progress,
    run_async,
    say,
)
from services.errors import Disagreement
from services.settings import settings

report = typer.Typer(
    name="report",
    help="Figures of the whole company on a day, recomputed from the events themselves.",
    no_args_is_help=True,
)
