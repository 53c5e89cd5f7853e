"""`touchstone simulate`: a demonstration company's history, and its life from then on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.opening import opened, settings
from services.clock import SystemClock
from services.errors import UsageError
from services.terminal import Format, FormatOption, emit, note, run_async, say
from services.wording import counted

if TYPE_CHECKING:
    from services.settings import Settings

_TIMEOUT_S = 10.0

app = typer.Typer(
    name="simulate",
    help="Invent a company to look at: always the same one from the same seed and day.",
    no_args_is_help=True,
)


@app.command()
def history(
    customers: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many customers to invent.")
    ] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 7,
    form: FormatOption = Format.TEXT,
) -> None:
    """Fill an empty log with two years of a company, up to the start of today.

    If it is interrupted, run it again: it goes on where it was.
    """
    from services.log.filling import end_filling
    from services.simulator.load import ensure_history

    async def work() -> None:
        async with opened() as platform:
            loaded = await ensure_history(platform, customers=customers, seed=seed)
            await end_filling(platform.pool)
        if form is Format.JSON:
            emit(loaded)
        else:
            say(
                f"{counted(loaded.events, 'event')} of "
                f"{counted(loaded.plan.customers, 'customer')} in the log, "
                f"{loaded.written:,} of them new"
            )

    run_async(work())


@app.command()
def live(
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Events a second, on average.")
    ] = 6.0,
    gateway: Annotated[
        str | None, typer.Option(help="The gateway's address; default: the one in the settings.")
    ] = None,
) -> None:
    """Let the company in the log live on, faster than real time, until Ctrl-C.

    Its branches publish and its staff command over HTTP, with keys made at the start.
    """
    run_async(_live(settings(), rate, gateway))


async def _live(settings: Settings, rate: float, gateway: str | None) -> None:
    import httpx2

    from services.simulator.branches import BRANCHES
    from services.simulator.company import everybody
    from services.simulator.keys import branch_keys, staff_keys
    from services.simulator.live import go_on, world_after
    from services.simulator.load import log_state
    from services.simulator.recall import recall
    from services.web.tls import trusting

    own = settings.tls_certificate if gateway is None else None
    scheme = "http" if own is None else "https"
    address = gateway or f"{scheme}://{settings.gateway_host}:{settings.gateway_port}"
    clock = SystemClock()
    async with opened() as platform:
        state = await log_state(platform)
        if state.plan is None or not state.complete:
            raise UsageError("no company is in the log yet: run `touchstone simulate history`")
        world = await asyncio.to_thread(world_after, state.plan)
        await recall(world, platform.log)
        world.go_live(session=int(clock.now().timestamp()))
        keys = await branch_keys(platform, [branch.branch_id for branch in BRANCHES])
        staff = await staff_keys(platform, everybody())
    publishing = counted(len(keys), "branch publishes", "branches publish")
    note(f"{publishing} to {address}, about {rate:g} events a second")
    trusted = True if own is None else trusting(own)
    async with httpx2.AsyncClient(base_url=address, timeout=_TIMEOUT_S, verify=trusted) as client:
        await go_on(world, client, keys, staff, rate, clock)
