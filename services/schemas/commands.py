"""`touchstone schemas`: publish what is new, prove what is published, describe it all."""

import typer

from services.schemas.asyncapi import ASYNCAPI_FILE, document_text
from services.schemas.check import check as check_contract
from services.schemas.publish import publish

app = typer.Typer(
    no_args_is_help=True,
    help="The contract on the wire: Avro schemas, golden bytes, the AsyncAPI document.",
)


@app.command()
def generate() -> None:
    """Publish the schemas and golden bytes that are missing, and bring asyncapi.yaml up to date.

    Run it in a checkout after adding a touchpoint or raising a type's version. What is published
    is never written again: a type that differs from its published schema is refused.
    """
    for written in publish():
        typer.echo(f"published {written}")
    text = document_text()
    if not ASYNCAPI_FILE.is_file() or ASYNCAPI_FILE.read_text("utf-8") != text:
        ASYNCAPI_FILE.write_text(text, "utf-8", newline="\n")
        typer.echo(f"wrote {ASYNCAPI_FILE.name}")


@app.command()
def check() -> None:
    """Prove that types, schemas, golden bytes and asyncapi.yaml agree; exit code 4 if not.

    Also: every version of an event type reads what every other wrote, and no two schemas share
    a fingerprint.
    """
    typer.echo(f"{check_contract()} published schemas hold")


@app.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3 document as YAML."""
    typer.echo(document_text(), nl=False)
