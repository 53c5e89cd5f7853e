"""`touchstone receipt key`: what receipts are checked with."""

from __future__ import annotations

import typer

from services.cli.opening import opened, settings
from services.terminal import Format, FormatOption, emit, run_async, say

receipt = typer.Typer(
    help="Signed statements of what the platform holds of a branch's devices.",
    no_args_is_help=True,
)


@receipt.callback()
def receipts() -> None:
    """Signed statements of what the platform holds of a branch's devices."""


@receipt.command("key")
def show_key(form: FormatOption = Format.TEXT) -> None:
    """Print the public key that receipts are checked with; the first time it is made.

    Give it to branches by another way than the network on which they publish.
    Its name is TOUCHSTONE_ORIGIN when it is made, and stays.
    """
    from services.vault.signing import Signer, signer_of

    async def read() -> Signer:
        async with opened() as platform:
            return await signer_of(platform.pool, platform.vault, platform.clock, settings().origin)

    signer = run_async(read())
    if form is Format.JSON:
        emit({"origin": signer.origin, "key": signer.verifier})
        return
    say(signer.verifier)
