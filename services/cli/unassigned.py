"""`touchstone unassigned`: money that no rule assigned, and what people say about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from services.cli.opening import opened
from services.errors import UsageError
from services.terminal import Format, FormatOption, emit, run_async, say
from services.wording import cut, printable, quoted

if TYPE_CHECKING:
    from services.connectors.worklist import WorkLine, Worklist
    from services.intake.answers import Answer
    from services.people.principal import Scope
    from services.platform import Platform

app = typer.Typer(
    name="unassigned",
    no_args_is_help=True,
    help="Money that no rule assigned: list, assign, set aside, undo.",
)

LineArgument = Annotated[
    str, typer.Argument(metavar="LINE", help="The line's id, or the beginning of it.")
]
ByOption = Annotated[str, typer.Option("--by", metavar="STAFF", help="Who says so.")]


@app.command("list")
def list_lines(
    branch: Annotated[str | None, typer.Option(metavar="ID", help="Of this branch alone.")] = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also what is settled.")] = False,
    form: FormatOption = Format.TEXT,
) -> None:
    """List the money that waits for somebody to say whose it is, the latest first."""

    async def work() -> None:
        from services.connectors.matching import WHY
        from services.connectors.worklist import Worklist

        async with opened() as platform:
            worklist = Worklist(platform)
            found = await worklist.opened(await worklist.lines(_scope(branch), settled=settled))
        if form is Format.JSON:
            emit([_document(line) for line in found])
            return
        for line in found:
            say(_told(line, WHY.get(line.money.why, line.money.why)))

    run_async(work())


def _scope(branch: str | None) -> Scope:
    from services.people.principal import Scope

    return Scope(None if branch is None else frozenset({branch}))


def _document(line: WorkLine) -> dict[str, object]:
    money = line.money
    return {
        "line": line.event_id,
        "branch_id": line.branch_id,
        "money_id": money.money_id,
        "state": line.state,
        "direction": money.direction,
        "amount": {"minor": money.amount.minor, "currency": money.amount.currency},
        "booked_on": money.booked_on.isoformat(),
        "why": money.why,
        "payer": line.payer,
        "payer_account": line.payer_account,
        "text": line.text,
        "customer": line.customer,
        "reason": line.reason,
        "by": line.by,
    }


def _told(line: WorkLine, why: str) -> str:
    from events.money import from_minor

    money = line.money
    sign = "" if money.direction == "in" else "-"
    amount = f"{sign}{from_minor(money.amount.minor, money.amount.currency)}"
    said = ", ".join(cut(printable(one), 60) for one in (line.payer, line.text) if one)
    whose = f" -> {line.customer}" if line.customer else ""
    state = "" if line.state == "open" else f" [{line.state}{whose}]"
    return (
        f"{line.event_id}  {money.booked_on}  {amount} {money.amount.currency}  {why}"
        f"{f'  ({said})' if said else ''}{state}"
    )


@app.command("assign")
def assign(
    line: LineArgument,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Whose money it is.")],
    by: ByOption,
    invoices: Annotated[
        list[str] | None, typer.Option("--invoice", metavar="ID", help="What it pays.")
    ] = None,
    orders: Annotated[
        list[str] | None, typer.Option("--order", metavar="ID", help="What it pays.")
    ] = None,
    reverses: Annotated[
        str | None,
        typer.Option(metavar="PAYMENT", help="Of money that went out: the payment it takes back."),
    ] = None,
) -> None:
    """Say whose a line is; the payment is published as the line's own."""

    async def work(platform: Platform, worklist: Worklist, found: WorkLine) -> Answer:
        from events.envelope import CustomerId
        from services.connectors.worklist import Assignment

        await _staff(platform, by)
        to = Assignment(
            customer=CustomerId(customer),
            invoice_ids=tuple(invoices or ()),
            order_ids=tuple(orders or ()),
            reverses=reverses,
        )
        return await worklist.assign(found, to, by)

    _settle(line, work, f"assigned to {customer}")


@app.command("close")
def close(
    line: LineArgument,
    by: ByOption,
    reason: Annotated[str, typer.Option(help="What money it is; nothing personal.")],
) -> None:
    """Say that a line is no customer's money, and why."""

    async def work(platform: Platform, worklist: Worklist, found: WorkLine) -> Answer:
        await _staff(platform, by)
        return await worklist.set_aside(found, reason, by)

    _settle(line, work, "set aside")


@app.command("undo")
def undo(line: LineArgument, by: ByOption) -> None:
    """Take back a wrong assignment: the payment is reversed, and the line is open again."""

    async def work(platform: Platform, worklist: Worklist, found: WorkLine) -> Answer:
        await _staff(platform, by)
        return await worklist.undo(found, by)

    _settle(line, work, "open again")


def _settle(
    line: str, work: Callable[[Platform, Worklist, WorkLine], Awaitable[Answer]], done: str
) -> None:
    async def do() -> None:
        from services.connectors.worklist import Worklist
        from services.people.principal import Scope

        async with opened() as platform:
            worklist = Worklist(platform)
            found = await worklist.line(Scope(), await _whole(worklist, line))
            answer = await work(platform, worklist, found)
        say(f"{found.money.money_id}: {done} ({answer.status})")

    run_async(do())


async def _whole(worklist: Worklist, line: str) -> str:
    """Return the id that a text is the only beginning of. Raises: UsageError."""
    from services.people.principal import Scope

    try:
        return str(UUID(line))
    except ValueError:
        found = [
            one.event_id
            for one in await worklist.lines(Scope(), settled=True)
            if one.event_id.startswith(line)
        ]
    if len(found) != 1:
        count = "no line" if not found else f"{len(found)} lines"
        raise UsageError(f"{count} of the work list begin with {quoted(line)}")
    return found[0]


async def _staff(platform: Platform, by: str) -> None:
    """Let pass who works here. Raises: UsageError, Unavailable."""
    from services.cli.commanding import staff_and_rules

    await staff_and_rules(platform, by)
